// What is kept for whoever fills in the form, and for how long still?

import { announce } from '../parts/announce.js';
import { el, say } from '../parts/dom.js';
import { claim, hold, letGo, mind, renew } from '../talk/holds.js';
import { t } from '../words/language.js';
import { timeLeft } from '../words/times.js';
import { moved, visitsOf } from './wanted.js';

const TICK_MS = 1_000;

/** @typedef {import('../talk/holds.js').Hold} Hold */

/**
 * Keeps so many places as are wanted, as long as that goes; without it one may book all the same.
 * @param {import('./alternatives.js').Offer} offer
 * @param {() => void} onChange
 */
export function holdingFor(offer, onChange) {
  let kept = offer.hold ?? null;
  let wanted = kept?.seats ?? 0;
  let wasKept = kept !== null;
  let isLeft = false;
  const slots = visitsOf(offer).map(({ slot }) => slot.id);
  let settled = Promise.resolve();
  if (kept !== null) mind(kept.id);

  const words = el('p.kept');
  const longer = el('button.quiet', { type: 'button', onclick: keepLonger }, t('hold.renew'));
  const element = el('div.live-line', { hidden: true }, words, longer);
  const ticking = setInterval(show, TICK_MS);

  /** Places are wanted for so many; what is kept for more or fewer is changed for that. */
  function keep(/** @type {number} */ seats) {
    if (moved(offer) !== null || seats === wanted) return;
    wanted = seats;
    settled = settled.then(() => change(seats));
  }

  async function change(/** @type {number} */ seats) {
    if (seats !== wanted || isLeft) return;
    if (kept !== null) await letGo(kept.id);
    kept = null;
    const got = await hold(slots, seats);
    if (got !== null && isLeft) letGo(got.id);
    else take(got);
  }

  function take(/** @type {Hold | null} */ got) {
    kept = got;
    if (got !== null && !wasKept) announce(t('hold.kept', { time: timeLeft(got.until) }));
    wasKept ||= got !== null;
    show();
    onChange();
  }

  async function keepLonger() {
    if (kept === null) return;
    longer.hidden = true;
    const got = await renew(kept);
    if (!isLeft) take(got);
  }

  function show() {
    const isKept = seats() > 0;
    element.hidden = !wasKept;
    longer.hidden = kept === null || kept.renewed || !isKept;
    const time = timeLeft(kept?.until ?? 0);
    say(words, isKept ? t('hold.kept', { time }) : t('hold.over'));
  }

  /** For how many persons places are kept now. */
  function seats() {
    return kept !== null && kept.until > Date.now() ? kept.seats : 0;
  }

  /** The hold by which places for so many are booked, if there is one; it is not let go of then. */
  async function toBook(/** @type {number} */ persons) {
    await settled;
    if (kept === null || seats() !== persons) return '';
    claim(kept.id);
    return kept.id;
  }

  function stop() {
    isLeft = true;
    clearInterval(ticking);
  }

  show();
  return { element, keep, seats, toBook, stop };
}
