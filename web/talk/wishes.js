// What has been asked for, and how does each of these wishes stand?

import { ask } from './api.js';
import { next } from './policy.js';
import { pause } from './pauses.js';
import { hasExpired, onSession, whoIsHere } from './session.js';
import { throughCampaigns } from './through.js';

const KEPT = 'talon.wishes';
const FOLLOW_FIRST_MS = 400;
const FOLLOW_MOST_MS = 4_000;
const FOLLOW_LOOKS_MAX = 15;

/** @typedef {import('./policy.js').Trouble} Trouble */
/** @typedef {'asking' | 'deciding' | Trouble | 'sign_in' | 'stuck' | 'done' | 'refused'} Stage */

/**
 * @typedef {object} Wish
 * @property {string} key its name: asked again under the same one, it is never granted twice
 * @property {string} owner
 * @property {'book' | 'move' | 'cancel' | 'dependant'} kind
 * @property {string} path
 * @property {any} body
 * @property {any} about what a person needs to be told to know which wish it is
 * @property {boolean} handedOver whether it may have been heard, though no answer came
 * @property {Stage} stage
 * @property {Trouble | 'broken'} [trouble] why it is stuck
 * @property {import('./api.js').Answer} [answer] the one that ended it
 */

/** @type {Map<string, Wish>} */
const wishes = new Map();
/** @type {Set<string>} */
const pursued = new Set();
/** @type {Set<string>} */
const attended = new Set();
const changes = new EventTarget();

/** Take up again what this tab had not heard the end of, now and whenever somebody signs in. */
export function begin() {
  for (const wish of JSON.parse(sessionStorage.getItem(KEPT) ?? '[]')) wishes.set(wish.key, wish);
  onSession(takeUp);
  takeUp();
}

/**
 * Ask for something. It is kept until there is an answer that holds.
 * @param {Pick<Wish, 'kind' | 'path' | 'body' | 'about'>} wanted
 * @returns {Wish}
 */
export function wishFor(wanted) {
  const owner = whoIsHere()?.id ?? '';
  const key = crypto.randomUUID();
  const wish = { ...wanted, key, owner, handedOver: false, stage: /** @type {Stage} */ ('asking') };
  wishes.set(key, wish);
  keep();
  pursue(wish);
  return wish;
}

/**
 * Ask once more for what is stuck; under the same key.
 * @param {Wish} wish
 */
export function askAgain(wish) {
  pursue(wish);
}

/**
 * What has ended, or was never handed over, need not be shown any longer.
 * @param {Wish} wish
 */
export function dismiss(wish) {
  wishes.delete(wish.key);
  keep();
  tell(wish);
}

/** The wishes of whoever is here, oldest first. */
export function wishesOfPerson() {
  const owner = whoIsHere()?.id;
  return [...wishes.values()].filter((wish) => wish.owner === owner);
}

/**
 * Somebody looks at this wish, so that it need not be told elsewhere.
 * @param {Wish} wish
 * @returns {() => void} they look away; what has ended has then been seen
 */
export function attend(wish) {
  attended.add(wish.key);
  tell(wish);
  return () => {
    attended.delete(wish.key);
    if (mayBeDismissed(wish)) dismiss(wish);
    else tell(wish);
  };
}

/** The wishes of whoever is here that nobody looks at. */
export function unattended() {
  return wishesOfPerson().filter((wish) => !attended.has(wish.key));
}

/**
 * Whether the wish may be let go of, since nothing can come of it any more.
 * @param {Wish} wish
 */
export function mayBeDismissed(wish) {
  const isOver = wish.stage === 'done' || wish.stage === 'refused';
  return isOver || (wish.stage === 'stuck' && !wish.handedOver);
}

/**
 * Hear of every change of every wish.
 * @param {(wish: Wish) => void} listener
 * @returns {() => void} stops it
 */
export function onWish(listener) {
  const heard = (/** @type {any} */ event) => listener(event.detail);
  changes.addEventListener('wish', heard);
  return () => changes.removeEventListener('wish', heard);
}

function takeUp() {
  // Whoever left on purpose wants nothing any more; whoever's time ran out still does.
  if (whoIsHere() === null && !hasExpired()) wishes.clear();
  for (const wish of wishesOfPerson()) {
    if (wish.stage !== 'done' && wish.stage !== 'refused') pursue(wish);
  }
}

/** @param {Wish} wish */
async function pursue(wish) {
  if (pursued.has(wish.key)) return;
  pursued.add(wish.key);
  change(wish, { stage: 'asking', trouble: undefined });
  try {
    await untilItEnds(wish);
  } finally {
    pursued.delete(wish.key);
  }
}

/** @param {Wish} wish */
async function untilItEnds(wish) {
  let before = '';
  let nth = 0;
  while (wish.owner === whoIsHere()?.id) {
    const answer = await answerTo(wish);
    nth = before === `${answer.status}` ? nth + 1 : 1;
    before = `${answer.status}`;
    const step = next(answer, nth);
    if (step.then === 'done' || step.then === 'refused') {
      change(wish, { stage: step.then, answer });
      return;
    }
    if (step.then === 'sign_in') break;
    // Only what was turned away at the door has surely not been heard.
    const handedOver = wish.handedOver || ![429, 503].includes(answer.status);
    if (step.then === 'stuck') {
      change(wish, { stage: 'stuck', trouble: step.trouble, handedOver });
      return;
    }
    change(wish, { stage: step.then === 'follow' ? 'deciding' : step.trouble, handedOver });
    await (step.then === 'follow' ? untilDecided(wish, answer.location) : pause(step.ms));
  }
  change(wish, { stage: 'sign_in' });
}

/**
 * What is booked is booked through a campaign where it must be. Under which it is asked is kept
 * before it is: asked again, it is the same wish.
 * @param {Wish} wish
 */
function answerTo(wish) {
  const askWith = (/** @type {any} */ body) => {
    if (body !== wish.body) change(wish, { body });
    return ask(wish.path, { method: 'POST', personal: true, key: wish.key, body });
  };
  return wish.kind === 'book' ? throughCampaigns(wish.body, askWith) : askWith(wish.body);
}

/**
 * Look at what became of it until that is decided; asked again, it then says the whole answer.
 * @param {Wish} wish
 * @param {string} location
 */
async function untilDecided(wish, location) {
  let ms = FOLLOW_FIRST_MS;
  for (let looks = 0; looks < FOLLOW_LOOKS_MAX; looks += 1) {
    await pause(ms);
    // Only of a new booking its status tells whether it was decided.
    if (wish.kind !== 'book' || location === '') return;
    const seen = await ask(location.replace('/api/v1', ''), { personal: true });
    if (seen.status !== 200 || seen.body.status !== 'pending') return;
    ms = Math.min(FOLLOW_MOST_MS, ms * 1.5);
  }
}

/**
 * @param {Wish} wish
 * @param {Partial<Wish>} news
 */
function change(wish, news) {
  if (!wishes.has(wish.key)) return;
  Object.assign(wish, news);
  keep();
  tell(wish);
}

/** A reload must not lose what may have been granted; what has ended is not kept. */
function keep() {
  const open = [...wishes.values()].filter((wish) => wish.answer === undefined);
  sessionStorage.setItem(KEPT, JSON.stringify(open));
}

/** @param {Wish} wish */
function tell(wish) {
  changes.dispatchEvent(new CustomEvent('wish', { detail: wish }));
}
