// Shall both doses move, since the one that moves takes the other with it?

import { announce } from '../parts/announce.js';
import { countdown } from '../parts/countdown.js';
import { el } from '../parts/dom.js';
import { tickets } from '../parts/ticket.js';
import { t } from '../words/language.js';
import { timeLeft } from '../words/times.js';

/**
 * The question, with the time for which the other dose is kept.
 * @param {import('../parts/ticket.js').Visit} about what is moved to
 * @param {import('./alternatives.js').Offer} offer
 * @param {{ onAsk: () => void, onLater: () => void }} listener
 * @returns {HTMLElement}
 */
export function otherDose(about, { hold }, { onAsk, onLater }) {
  if (hold !== undefined) announce(t('hold.kept', { time: timeLeft(hold.until) }));
  return el('div.stack', {}, ...tickets(about),
    el('p', {}, t('pair.move_what')),
    hold !== undefined && countdown(hold.until),
    el('div.actions', {},
      el('button.primary', { type: 'button', onclick: onAsk }, t('pair.move')),
      el('button', { type: 'button', onclick: onLater }, t('move.keep'))));
}
