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
 * @param {{ onClose: () => void, onOffer?: (offer: any) => void, onEnd?: () => void }} about
 * @returns {{ element: HTMLElement, stop: () => void }}
 */
export function outcome(wish, { onClose, onOffer, onEnd }) {
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
    const near = wish.answer?.body?.alternatives ?? [];
    if (wish.stage === 'refused' && near.length > 0 && onOffer !== undefined) {
      const seats = wish.body.places.length;
      fill(more, alternativeChoice(near, { at: wish.answer?.at ?? Date.now(), seats }, onOffer));
    }
    const hadFocus = actions.contains(document.activeElement);
    fill(actions, ...buttons());
    if (hadFocus) actions.firstElementChild?.focus();
    if (wish.stage === 'done' || wish.stage === 'refused') onEnd?.();
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
