// How does Talon hear that a patient is at their visit, and what does it say of the line?

import { ask } from './api.js';
import { backoff, pause } from './pauses.js';

const FAILING = { firstMs: 1_000, mostMs: 15_000 };
const EARLY_MS_MAX = 30_000;
const OVER = ['ended', 'noshow', 'cancelled'];

/**
 * @typedef {'booked' | 'arrived' | 'waiting' | 'admitted' | 'ended' | 'noshow'
 *   | 'cancelled'} Status
 *
 * @typedef {object} Line
 * @property {string} as_of
 * @property {string} opens_at
 * @property {string} closes_at
 * @property {'early' | 'open' | 'over'} window
 * @property {{ starts_at: string, ends_at: string, time_zone: string, clinic_name: string,
 *   clinic_address: string }} visit
 * @property {Status} status
 * @property {boolean} by_phone
 * @property {'patient' | 'practitioner' | null} noshow_by
 * @property {{ place: number, earliest: string, latest: string } | null} turn
 * @property {number} again_seconds
 */

/**
 * Be at the visit that the link is for, until stopped: before its window opens only look, then say
 * again and again that somebody is here, also while the page is hidden: who waits looks elsewhere.
 * @param {string} token
 * @param {{ onLine: (line: Line) => void, onProblem: (code: string) => void }} listener
 * @returns {{ ready: () => void, stop: () => void }}
 */
export function attend(token, { onLine, onProblem }) {
  const path = `/links/${encodeURIComponent(token)}/visit`;
  const ending = new AbortController();
  let waking = new AbortController();
  let isReady = false;
  let isHere = false;

  async function follow() {
    let failures = 0;
    let wait = 0;
    while (!ending.signal.aborted && wait >= 0) {
      const { status, code, body } = await once();
      if (ending.signal.aborted) return;
      if (status === 200) {
        failures = 0;
        onLine(body);
        wait = next(body);
      } else {
        onProblem(code);
        failures += 1;
        wait = status === 404 ? -1 : backoff(failures, FAILING);
      }
      if (wait > 0 && !waking.signal.aborted) await pause(wait, waking.signal);
      waking = new AbortController();
    }
  }

  async function once() {
    const looked = isHere ? null : await ask(path, { signal: ending.signal });
    const mayCome = looked === null || (looked.status === 200 && isOpen(looked.body));
    if (looked !== null && !mayCome) return looked;
    const said = await say(true);
    // The window has closed between the two: what there is to see is told by looking.
    if (said.status !== 409) return said;
    isHere = false;
    return ask(path, { signal: ending.signal });
  }

  /** @param {boolean} here */
  async function say(here) {
    const body = { is_here: here, is_ready: here && isReady };
    const answer = await ask(path, {
      method: 'PUT', body, lasts: !here, signal: here ? ending.signal : undefined,
    });
    isHere = here && answer.status === 200;
    return answer;
  }

  function leave() {
    if (isHere) say(false);
  }

  addEventListener('pagehide', leave);
  follow();
  return {
    ready() {
      isReady = true;
      waking.abort();
    },
    stop() {
      ending.abort();
      waking.abort();
      removeEventListener('pagehide', leave);
      leave();
    },
  };
}

/**
 * The link to one's own visit, where there is one.
 * @param {string} booking
 * @param {string} visit
 * @returns {Promise<string | null>}
 */
export async function tokenOf(booking, visit) {
  const { status, body } = await ask(`/bookings/${booking}/visits`, { personal: true });
  if (status !== 200) return null;
  /** @type {{ token: string | null, visit: { visit_id: string } }[]} */
  const visits = body.visits;
  return visits.find((one) => one.visit.visit_id === visit)?.token ?? null;
}

/**
 * What the clinic has said of who came, by FHIR's names; nothing where it has said nothing.
 * @param {string} booking
 * @returns {Promise<string[]>}
 */
export async function attendanceOf(booking) {
  const { status, body } = await ask(`/bookings/${booking}/visits`, { personal: true });
  if (status !== 200) return [];
  return body.attended.map((/** @type {{ appointment: string }} */ one) => one.appointment);
}

/** @param {Line} line */
function isOpen(line) {
  return line.window === 'open' && !OVER.includes(line.status);
}

/**
 * After how long it is asked again; never where nothing will change.
 * @param {Line} line
 */
function next(line) {
  if (OVER.includes(line.status) || line.window === 'over') return -1;
  if (line.window === 'open') return line.again_seconds * 1_000;
  const untilOpen = new Date(line.opens_at).getTime() - new Date(line.as_of).getTime();
  return Math.min(EARLY_MS_MAX, Math.max(1_000, untilOpen));
}
