// What is done next with a wish, after which answer?

import { backoff } from './pauses.js';

export const UNKNOWN_TRIES_MAX = 8;
export const BUSY_TRIES_MAX = 5;
export const OFFLINE_TRIES_MAX = 100;
export const FOLLOWS_MAX = 30;
const AGAIN = { firstMs: 800, mostMs: 10_000 };

/** @typedef {'busy' | 'unknown' | 'offline'} Trouble */

/**
 * @typedef {{ then: 'done' } | { then: 'refused' } | { then: 'sign_in' } | { then: 'follow' }
 *   | { then: 'again', trouble: Trouble, ms: number }
 *   | { then: 'stuck', trouble: Trouble | 'broken' }} Step
 */

/**
 * A wish is asked under the same key until there is an answer that holds, within limits.
 * @param {import('./api.js').Answer} answer
 * @param {number} nth how often in a row it has been answered like this
 * @returns {Step}
 */
export function next(answer, nth) {
  const { status, code } = answer;
  if (status === 202) {
    return nth > FOLLOWS_MAX ? { then: 'stuck', trouble: 'unknown' } : { then: 'follow' };
  }
  if (status >= 200 && status < 300) return { then: 'done' };
  if (status === 401) return { then: 'sign_in' };
  const trouble = troubleOf(answer);
  if (trouble !== null) {
    const ms = Math.max(answer.retryAfter * 1000, backoff(nth, AGAIN));
    return nth > most(trouble) ? { then: 'stuck', trouble } : { then: 'again', trouble, ms };
  }
  if (status >= 500 && code !== 'decision_failed') return { then: 'stuck', trouble: 'broken' };
  return { then: 'refused' };
}

/**
 * What stands in the way, where it may be over soon; null where it is an answer.
 * @param {import('./api.js').Answer} answer
 * @returns {Trouble | null}
 */
export function troubleOf({ status, code }) {
  // It waited too long to be decided, and nothing was changed; asked again, it is decided anew.
  if (code === 'expired') return 'busy';
  if (status === 0) return code === 'timeout' ? 'unknown' : 'offline';
  if (status === 504) return 'unknown';
  if (status === 503 || status === 502 || status === 429) return 'busy';
  return null;
}

/** @param {Trouble} trouble */
function most(trouble) {
  return { busy: BUSY_TRIES_MAX, unknown: UNKNOWN_TRIES_MAX, offline: OFFLINE_TRIES_MAX }[trouble];
}
