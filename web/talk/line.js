// How does somebody wait in the line before a campaign, and what is known of it?

import { ask } from './api.js';
import { keepPass } from './pass.js';
import { backoff, pause, scattered } from './pauses.js';
import { onSession, whoIsHere } from './session.js';

const KEPT = 'talon.line';
const FAILING = { firstMs: 1_000, mostMs: 15_000 };
const LOOK_SECONDS = 5;
const SETTLE_MS = 500;

/**
 * @typedef {object} Room how far a line is, the same for everybody
 * @property {'opens_later' | 'gathering' | 'drawing' | 'serving' | 'closed'} state
 * @property {string} service
 * @property {string} opens_at
 * @property {string} draws_at
 * @property {string} seed_hash
 * @property {string | null} seed
 * @property {number} people
 * @property {number | null} early
 * @property {number} serving
 * @property {number | null} slow
 * @property {number} fast
 * @property {number | null} places_left
 * @property {string} as_of
 *
 * @typedef {object} Kept what this tab has of somebody's place in line
 * @property {string} owner
 * @property {string} campaign
 * @property {string} ticket
 * @property {number | null} place
 * @property {string} seed_hash what was told of the seed when they came
 * @property {number} again when to ask for the place, by this device's clock (ms)
 *
 * @typedef {{ room: Room, mine: Kept | null, until: string | null }} Seen
 */

/**
 * Look at the line before a campaign until stopped, and wait in it if somebody wants to. A place is
 * a person's: asked for again, in another tab or on another device, it is the same.
 * @param {string} campaign
 * @param {{ onLine: (seen: Seen) => void, onProblem: (code: string) => void }} listener
 * @returns {{ join: () => void, leave: () => void, stop: () => void }}
 */
export function waitAt(campaign, { onLine, onProblem }) {
  const path = `/campaigns/${encodeURIComponent(campaign)}/waiting-room`;
  const ending = new AbortController();
  let waking = new AbortController();
  let mine = keptFor(campaign);
  let wantsToJoin = false;
  /** @type {string | null} */
  let until = null;

  async function follow() {
    let failures = 0;
    let wait = 0;
    while (!ending.signal.aborted && wait >= 0) {
      const { code, after } = await turn();
      if (ending.signal.aborted) return;
      failures = code === '' ? 0 : failures + 1;
      if (code !== '') onProblem(code);
      wait = code === '' ? after : backoff(failures, FAILING);
      if (wait > 0 && !waking.signal.aborted) await pause(wait, waking.signal);
      waking = new AbortController();
    }
  }

  /** Look once, and do what is to be done then; after how long again (ms), never where negative. */
  async function turn() {
    const looked = await ask(path, { signal: ending.signal });
    if (looked.status !== 200) return { code: looked.code, after: 0 };
    /** @type {Room} */
    const room = looked.body;
    const code = await takePart(room);
    if (ending.signal.aborted) return { code: '', after: -1 };
    onLine({ room, mine, until });
    return { code, after: room.state === 'closed' ? -1 : next(room, looked.retryAfter) };
  }

  /** @param {Room} room */
  async function takePart(room) {
    const mayJoin = ['gathering', 'drawing', 'serving'].includes(room.state);
    const isDue = mine !== null && mine.place === null && Date.now() >= mine.again;
    if (mayJoin && whoIsHere() !== null && (wantsToJoin || isDue)) {
      const code = await askForPlace(room);
      if (code !== '') return code;
    }
    const isTurn = mine !== null && mine.place !== null && mine.place <= room.serving;
    const isOver = until === null || Date.parse(until) <= Date.parse(room.as_of);
    return isTurn && isOver && room.state === 'serving' ? comeIn() : '';
  }

  /** @param {Room} room */
  async function askForPlace(room) {
    const owner = whoIsHere()?.id ?? '';
    const { status, code, body } = await ask(`${path}/tickets`, {
      method: 'POST', personal: true, body: {}, signal: ending.signal,
    });
    if (status !== 200) return code;
    wantsToJoin = false;
    const seed_hash = mine?.seed_hash ?? room.seed_hash;
    const again = Date.now() + body.look_again_seconds * 1000;
    mine = { owner, campaign, ticket: body.ticket, place: body.place, seed_hash, again };
    sessionStorage.setItem(KEPT, JSON.stringify(mine));
    return '';
  }

  async function comeIn() {
    // Another process may answer, which sees it half a second later; and not all come at once.
    await pause(SETTLE_MS + scattered(SETTLE_MS), ending.signal);
    if (mine === null || ending.signal.aborted) return '';
    const { status, code, body } = await ask(`${path}/passes`, {
      method: 'POST', body: { ticket: mine.ticket }, signal: ending.signal,
    });
    if (status === 200) {
      until = body.until;
      keepPass({ owner: mine.owner, pass: body.admission_pass, until: body.until });
      return '';
    }
    // Its time is over: asked for again, the place is the same.
    if (code === 'ticket_invalid') mine = { ...mine, place: null, again: 0 };
    return code === 'not_your_turn' ? '' : code;
  }

  /**
   * @param {Room} room
   * @param {number} seconds
   */
  function next(room, seconds) {
    const ms = scattered((seconds || LOOK_SECONDS) * 1000);
    const event = room.state === 'opens_later' ? room.opens_at : room.draws_at;
    const untilThen = Date.parse(event) - Date.parse(room.as_of);
    // What happens at a known moment is seen soon after it, though by none at the same time.
    const soon = untilThen > 0 ? Math.min(ms, untilThen + scattered(1_000)) : ms;
    return mine !== null && mine.place === null
      ? Math.min(soon, Math.max(500, mine.again - Date.now())) : soon;
  }

  const stopSession = onSession(() => {
    mine = keptFor(campaign);
    until = null;
    waking.abort();
  });
  follow();
  return {
    join() {
      wantsToJoin = true;
      waking.abort();
    },
    leave() {
      mine = until = null;
      sessionStorage.removeItem(KEPT);
      waking.abort();
    },
    stop() {
      ending.abort();
      waking.abort();
      stopSession();
    },
  };
}

/**
 * What this tab knows of the place of whoever is here.
 * @param {string} campaign
 * @returns {Kept | null}
 */
function keptFor(campaign) {
  /** @type {Kept | null} */
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
  return kept?.campaign === campaign && kept.owner === whoIsHere()?.id ? kept : null;
}
