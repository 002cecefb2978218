// Which pairs of doses are free?

import { asking, read } from './api.js';

const PAGE = 100;
const PAGES_MAX = 5;

/**
 * @typedef {object} PairDose one of a pair: a slot with a place that is free
 * @property {string} slot_id
 * @property {string} clinic_id
 * @property {string} clinic_name
 * @property {number | null} distance_km
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {number} free
 */

/**
 * @typedef {object} Pair
 * @property {number} days_apart
 * @property {[PairDose, PairDose]} doses
 */

/**
 * @typedef {object} Pairs
 * @property {Pair[]} pairs
 * @property {boolean} hasMore
 * @property {string} asOf when all of it was so
 * @property {string} code why there is no answer; '' when all is well
 */

/**
 * So many pairs. A page of the answer may be short though there is more behind it, so it is looked
 * further, for a few pages.
 * @param {Record<string, string | number | undefined>} wish
 * @param {number} count
 * @param {AbortSignal} signal
 * @returns {Promise<Pairs>}
 */
export async function pairsFor(wish, count, signal) {
  /** @type {Pair[]} */
  const pairs = [];
  let [cursor, asOf] = [/** @type {string | undefined} */ (undefined), ''];
  for (let page = 0; page < PAGES_MAX && pairs.length < count; page += 1) {
    const limit = Math.min(PAGE, count - pairs.length);
    const answer = await read(asking('/series', { ...wish, limit, cursor }), { signal });
    if (answer.status !== 200) return { pairs, hasMore: false, asOf: '', code: answer.code };
    // Of several answers, the oldest says as of when all of them are so.
    asOf = asOf === '' || answer.asOf < asOf ? answer.asOf : asOf;
    pairs.push(...answer.body.pairs);
    cursor = answer.body.cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return { pairs, hasMore: cursor !== undefined, asOf, code: '' };
}
