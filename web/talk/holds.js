// What is held for whoever is here, and how is it given back?

import { ask } from './api.js';
import { whoIsHere } from './session.js';
import { throughCampaigns } from './through.js';
import { watch } from './watch.js';

const TTL_SECONDS = 300;
const LOOK_MS = 5_000;

/**
 * @typedef {object} Hold places that are kept for somebody, as many in each slot
 * @property {string} id
 * @property {string} slots their ids, in order
 * @property {number} seats of each slot
 * @property {number} until when it ends, by this device's clock (ms)
 * @property {boolean} renewed
 */

/** What is held for an open form, and goes when that goes. @type {Set<string>} */
const minded = new Set();

addEventListener('pagehide', letGoAll);

/**
 * Hold so many places of each slot, all or none; null where that is not to be had, which need not
 * be told.
 * @param {string[]} slots
 * @param {number} seats
 * @returns {Promise<Hold | null>}
 */
export async function hold(slots, seats) {
  const places = slots.flatMap((slot_id) => Array.from({ length: seats }, () => ({ slot_id })));
  const wanted = { places, ttl_seconds: TTL_SECONDS };
  const answer = await throughCampaigns(wanted, (body) => ask('/holds', {
    method: 'POST', personal: true, key: crypto.randomUUID(), body,
  }));
  if (answer.status !== 201) return null;
  mind(answer.body.id);
  return holdIn(answer.body, answer.at);
}

/**
 * Keep it longer, as may be done once. What it is then; null where it is over.
 * @param {Hold} held
 * @returns {Promise<Hold | null>}
 */
export async function renew(held) {
  const answer = await ask(`/holds/${held.id}/renew`, {
    method: 'POST', personal: true, key: crypto.randomUUID(), body: { ttl_seconds: TTL_SECONDS },
  });
  if (answer.status === 200) return holdIn(answer.body, answer.at);
  return answer.code === 'hold_gone' ? null : { ...held, renewed: true };
}

/**
 * It is held for the open form: given back when that is left.
 * @param {string} id
 */
export function mind(id) {
  minded.add(id);
}

/**
 * It is being booked: whoever leaves the page now still wants it.
 * @param {string} id
 */
export function claim(id) {
  minded.delete(id);
}

/**
 * Give it back, though the page may be gone before the answer comes.
 * @param {string} id
 */
export async function letGo(id) {
  minded.delete(id);
  await ask(`/holds/${id}`, {
    method: 'DELETE', personal: true, key: crypto.randomUUID(), lasts: true,
  });
}

/** Give back all that is held for the open form. */
export function letGoAll() {
  for (const id of minded) letGo(id);
}

/**
 * Follow what is held for whoever is here, on whichever device, until stopped.
 * @param {(holds: Map<string, Hold>) => void} show by their slots: see `slotsOf`
 * @returns {() => void} stops it
 */
export function followHolds(show) {
  async function look(/** @type {AbortSignal} */ signal) {
    if (whoIsHere() === null) {
      show(new Map());
      return true;
    }
    const { status, body } = await ask('/holds', { personal: true, signal });
    if (signal.aborted) return true;
    if (status !== 200) return false;
    const holds = body.holds.map((/** @type {any} */ one) => holdIn(one, Date.parse(body.as_of)));
    show(new Map(holds.filter(Boolean).map((/** @type {Hold} */ one) => [one.slots, one])));
    return true;
  }
  return watch(look, { everyMs: LOOK_MS }).stop;
}

/**
 * Slots as a hold names them: of one slot its id, of several all in order.
 * @param {string[]} ids
 */
export function slotsOf(ids) {
  return [...new Set(ids)].sort().join(' ');
}

/**
 * A hold as it was answered, where it has as many places in each of its slots.
 * @param {any} body
 * @param {number} at when that was, by Talon's clock
 * @returns {Hold | null}
 */
function holdIn({ id, places, expires_at, version }, at) {
  const ids = places.map((/** @type {any} */ place) => place.slot_id);
  const counts = new Set(ids.map((/** @type {string} */ slot) =>
    ids.filter((/** @type {string} */ one) => one === slot).length));
  if (counts.size !== 1) return null;
  // This device's clock may be wrong.
  const until = Date.now() + Date.parse(expires_at) - at;
  return { id, slots: slotsOf(ids), seats: [...counts][0], until, renewed: version > 1 };
}
