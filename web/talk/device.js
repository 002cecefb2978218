// Is a person told on this very device while no page is open, and how is that changed?

import { ask } from './api.js';

const WORKER = 'push-worker.js';
const PATH = '/me/push-subscriptions';

/**
 * @typedef {object} Standing
 * @property {'none' | 'off' | 'on' | 'denied'} state none: this browser or this Talon cannot
 * @property {string} id of this device, where it is on
 * @property {string} key which the browser subscribes for
 * @property {number} count how many devices of this person are told
 * @property {string} code what stood in the way of knowing; '' when nothing did
 */

/** @type {Standing} */
const NONE = { state: 'none', id: '', key: '', count: 0, code: '' };

/**
 * How it stands.
 * @returns {Promise<Standing>}
 */
export async function standing() {
  if (!isAble()) return NONE;
  const { status, body, code } = await ask(PATH, { personal: true });
  if (status !== 200) return { ...NONE, code };
  if (body.server_key === null) return NONE;
  const here = await subscription();
  const device = here === null ? '' : await nameOf(here.endpoint);
  /** @type {{ id: string, device: string }[]} */
  const known = body.subscriptions;
  const id = known.find((one) => one.device === device)?.id ?? '';
  const isDenied = Notification.permission === 'denied';
  const state = isDenied ? 'denied' : id === '' ? 'off' : 'on';
  return { state, id, key: body.server_key, count: known.length, code: '' };
}

/**
 * Be told here from now on. The code of what stood in the way; '' when nothing did.
 * @param {string} key
 */
export async function begin(key) {
  if (await Notification.requestPermission() !== 'granted') return 'denied';
  let made;
  try {
    made = await subscribed(key);
  } catch {
    return 'no_push_service';
  }
  const { endpoint, keys } = made.toJSON();
  const body = { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } };
  const { status, code } = await ask(PATH, { method: 'POST', personal: true, body });
  return status === 200 ? '' : code;
}

/**
 * Be told here no more.
 * @param {string} id
 */
export async function end(id) {
  await forget();
  const { status, code } = await ask(`${PATH}/${id}`, { method: 'DELETE', personal: true });
  return status === 204 ? '' : code;
}

/** Whoever has left is told nothing here: Talon learns of it when it next pushes. */
export async function forget() {
  if (isAble()) await (await subscription())?.unsubscribe();
}

/**
 * Hear of what a tap on a message opens, where that is this page.
 * @param {(address: string) => void} listener
 */
export function onOpened(listener) {
  if (!isAble()) return;
  navigator.serviceWorker.addEventListener('message', (event) => {
    if (typeof event.data?.open === 'string') listener(event.data.open);
  });
}

function isAble() {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
}

/** @returns {Promise<PushSubscription | null>} */
async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/**
 * One that was made for another key, or before somebody else came, is not gone on with.
 * @param {string} key
 */
async function subscribed(key) {
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/**
 * By what Talon lets a browser know its own: the hash of an address that it alone has.
 * @param {string} endpoint
 */
async function nameOf(endpoint) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint));
  const text = btoa(String.fromCharCode(...new Uint8Array(hash)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
