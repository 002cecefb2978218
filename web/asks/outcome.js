// What does a dialog show of a wish until it has ended, and then?

import { el, fill, say, set } from '../parts/dom.js';
import { standing } from '../parts/standing.js';
import { toLine } from '../route.js';
import { askAgain, attend, onWish } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { alternativeChoice } from './alternatives.js';

/** @typedef {import('../talk/wishes.js').Wish} Wish */

/**
 * How a wish stands, kept up to date, with what can be done about it.
 * @param {Wish} wish
 * @param {{ onClose: () => void, onOffer?: (offer: any) => void, onEnd?: () => void,
 *   fits?: (near: import('./alternatives.js').Alternative) => boolean }} about
 * @returns {{ element: HTMLElement, stop: () => void }}
 */
export function outcome(wish, { onClose, onOffer, onEnd, fits = () => true }) {
  const title = el('p.outcome-title');
  const text = el('p');
  const said = el('div.outcome', { role: 'status' }, title, text);
  const more = el('div.stack');
  const actions = el('div.actions');
  const element = el('div.stack', {}, said, more, actions);

  /** @type {string} */
  let last = '';

  function show() {
    const now = standing(wish);
    set(said, 'data-tone', now.tone);
    say(title, now.title);
    say(text, now.text);
    title.classList.toggle('unseen', wish.stage === 'done');
    if (wish.stage === last) return;
    last = wish.stage;
    if (wish.stage === 'refused' && onOffer !== undefined) fill(more, offers(onOffer));
    const hadFocus = actions.contains(document.activeElement);
    fill(actions, ...buttons());
    if (hadFocus) actions.firstElementChild?.focus();
    if (wish.stage === 'done' || wish.stage === 'refused') onEnd?.();
  }

  /** What is offered instead of the slot that said no; nothing where that is nothing. */
  function offers(/** @type {(offer: any) => void} */ onChoice) {
    const { body, code, at = Date.now() } = wish.answer ?? {};
    const near = (body?.alternatives ?? []).filter(fits);
    if (near.length === 0) return null;
    const { length: seats } = wish.body.places
      .filter((/** @type {any} */ place) => place.slot_id === body.slot_id);
    const title = t(code === 'interval_broken' ? 'alternatives.doses' : 'alternatives.title');
    return alternativeChoice(near, { at, seats, title }, onChoice);
  }

  function buttons() {
    const close = el('button', { type: 'button', onclick: onClose }, t('dialog.close'));
    if (wish.stage === 'stuck') {
      const again = () => askAgain(wish);
      return [el('button.primary', { type: 'button', onclick: again }, t('wish.again')), close];
    }
    if (wish.stage === 'done' && wish.kind !== 'cancel') {
      const toBookings = () => {
        onClose();
        location.hash = '#/bookings';
      };
      const label = t('done.to_bookings');
      return [el('button.primary', { type: 'button', onclick: toBookings }, label), close];
    }
    const campaign = wish.stage === 'refused' ? wish.answer?.body?.campaign_id : undefined;
    if (wish.answer?.code === 'pass_needed' && campaign !== undefined) {
      const label = t('line.to');
      return [el('a.button.primary', { href: toLine(campaign), onclick: onClose }, label), close];
    }
    return [close];
  }

  const stopHearing = onWish((changed) => {
    if (changed.key === wish.key) show();
  });
  show();
  const lookAway = attend(wish);
  return {
    element,
    stop() {
      stopHearing();
      lookAway();
    },
  };
}
