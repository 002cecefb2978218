// What was whoever is signed in told, by what, and what became of it?

import { ask, asking } from './api.js';
import { watch } from './watch.js';

const PATH = '/me/messages';
const AT_ONCE = 20;
const POLL_MS = 30_000;

/** @typedef {import('./shapes.js').Telling} Telling */

/**
 * @typedef {object} Told one thing that was told, by one channel or, where that failed, by several
 * @property {string} id
 * @property {Telling} what
 * @property {Telling[]} tries by which channel, the first one first
 */

/**
 * @typedef {object} Shown
 * @property {Told[]} told the newest first
 * @property {boolean} hasOlder
 * @property {string} asOf when this was so; '' before the first answer
 * @property {string} code why there is no newer answer; '' when all is well
 */

/**
 * Follow them until stopped. `older` brings what was told before that, and the code of what stood
 * in the way.
 * @param {(shown: Shown) => void} show
 * @returns {{ older: () => Promise<string>, stop: () => void }}
 */
export function followMessages(show) {
  /** @type {Telling[]} */
  let known = [];
  /** @type {string | null} */
  let cursor = null;
  let asOf = '';

  function tell(code = '') {
    show({ told: together(known), hasOlder: cursor !== null, asOf, code });
  }

  async function look(/** @type {AbortSignal} */ signal) {
    const path = asking(PATH, { limit: AT_ONCE });
    const { status, body, code } = await ask(path, { personal: true, signal });
    if (signal.aborted) return true;
    if (status === 200) {
      const rest = restAfter(body.messages, body.cursor, known);
      if (rest === null) cursor = body.cursor;
      known = [...body.messages, ...(rest ?? [])];
      asOf = new Date().toISOString();
    }
    tell(status === 200 ? '' : code);
    return status === 200;
  }

  async function older() {
    const from = cursor;
    const path = asking(PATH, { limit: AT_ONCE, cursor: from });
    const { status, body, code } = await ask(path, { personal: true });
    if (status !== 200) return code;
    if (cursor === from) {
      known = [...known, ...body.messages];
      cursor = body.cursor;
    }
    tell();
    return '';
  }

  const looking = watch(look, { everyMs: POLL_MS });
  return { older, stop: looking.stop };
}

/**
 * What a patient was told, for whoever works at a clinic; who looks is noted.
 * @param {string} patient
 * @param {string | null} cursor
 */
export function readTold(patient, cursor) {
  const path = asking(`/patients/${patient}/messages`, { limit: AT_ONCE, cursor });
  return ask(path, { personal: true });
}

/**
 * What is known beyond the newest; null where that is to be forgotten: there is nothing beyond, or
 * so much has come that nobody knows what lies between.
 * @param {Telling[]} newest
 * @param {string | null} cursor
 * @param {Telling[]} known
 */
export function restAfter(newest, cursor, known) {
  const names = new Set(newest.map(nameOf));
  const last = known.findLastIndex((one) => names.has(nameOf(one)));
  return cursor === null || last < 0 ? null : known.slice(last + 1);
}

/**
 * What was tried by several channels is one thing that was told.
 * @param {Telling[]} tellings the newest first
 * @returns {Told[]}
 */
export function together(tellings) {
  /** @type {Map<string, Told>} */
  const told = new Map();
  for (const one of tellings) {
    const before = told.get(one.event_id)?.tries ?? [];
    told.set(one.event_id, { id: one.event_id, what: one, tries: [one, ...before] });
  }
  return [...told.values()];
}

/** @param {Telling} one */
function nameOf({ event_id: id, channel }) {
  return `${id} ${channel}`;
}
