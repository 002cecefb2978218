// What has whoever is signed in booked, and what has just become of it?

import { ask } from './api.js';
import { followLive } from './live.js';
import { onWish } from './wishes.js';
import { watch } from './watch.js';

const POLL_MS = 3_000;
/** While the stream tells of changes, the list is looked at only to be sure. */
const LIVE_POLL_MS = 60_000;

/** @typedef {import('./shapes.js').Booking} Booking */

/**
 * @typedef {object} Shown
 * @property {Booking[]} bookings newest first
 * @property {boolean} hasOlder whether there are more than one answer holds
 * @property {boolean} isLive
 * @property {string} asOf when this was so; '' before the first answer
 * @property {string} code why there is no newer answer; '' when all is well
 */

/**
 * Follow them until stopped: by the live stream, and by looking again where there is none.
 * @param {(shown: Shown) => void} show
 * @returns {() => void} stops it
 */
export function followBookings(show) {
  /** @type {Shown} */
  let shown = { bookings: [], hasOlder: false, isLive: false, asOf: '', code: '' };
  let lookedAt = 0;

  function tell(/** @type {Partial<Shown>} */ news) {
    shown = { ...shown, ...news };
    show(shown);
  }

  async function look(/** @type {AbortSignal} */ signal) {
    const age = Date.now() - lookedAt;
    if (shown.isLive && shown.code === '' && age < LIVE_POLL_MS) return true;
    lookedAt = Date.now();
    const { status, body, code } = await ask('/bookings?limit=100', { personal: true, signal });
    if (signal.aborted) return true;
    if (status !== 200) {
      tell({ code });
      return false;
    }
    const asOf = new Date().toISOString();
    tell({ bookings: body.bookings, hasOlder: body.cursor !== null, asOf, code: '' });
    return true;
  }

  function again() {
    lookedAt = 0;
    looking.soon();
  }

  const looking = watch(look, { everyMs: POLL_MS });
  const stopLive = followLive({
    onEvent: again,
    onState(isLive) {
      tell({ isLive });
      again();
    },
  });
  const stopWishes = onWish((wish) => {
    if (wish.stage === 'done') again();
  });
  return () => [looking.stop, stopLive, stopWishes].forEach((stop) => stop());
}
