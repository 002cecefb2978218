// What can be had instead of a pair of doses of which one said no?

import { daysBetween } from '../words/times.js';

/** @typedef {import('../talk/wishes.js').Wish} Wish */
/** @typedef {import('./alternatives.js').Alternative} Alternative */
/** @typedef {import('./alternatives.js').Offer} Offer */

/**
 * Whether a slot may be instead of the one that said no: of a pair, where the interval allows it.
 * @param {Wish} wish
 * @param {Offer | undefined} asked what the wish was made for, where that is still known
 * @param {Alternative} near
 */
export function mayBeInstead(wish, asked, near) {
  if (wish.kind !== 'book' || wish.about.second === undefined) return true;
  if (asked?.second === undefined || asked.campaign === undefined) return false;
  const isFirst = asked.slot.id === wish.answer?.body?.slot_id;
  const [first, second] = isFirst ? [near, asked.second.slot] : [asked.slot, near];
  const days = daysBetween(first.starts_at, second.starts_at);
  return asked.campaign.min_days <= days && days <= asked.campaign.max_days;
}

/**
 * The offer as it is with this slot; the other dose of a pair stays, and is kept with it.
 * @param {Wish} wish
 * @param {Offer | undefined} asked
 * @param {Offer} offer
 * @returns {Offer}
 */
export function instead(wish, asked, offer) {
  if (asked?.second === undefined) return offer;
  const { clinic, hold } = offer;
  const isFirst = asked.slot.id === wish.answer?.body?.slot_id;
  const slot = { ...offer.slot, dose: isFirst ? 1 : 2 };
  return isFirst ? { ...asked, slot, clinic, hold } : { ...asked, second: { slot, clinic }, hold };
}
