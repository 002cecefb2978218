// Who takes places in this slot or pair, and is it meant?

import { el, fill, say, set } from '../parts/dom.js';
import { PLACES_MAX, peopleChoice } from '../parts/people.js';
import { signInPane } from '../parts/sign-in.js';
import { ticket } from '../parts/ticket.js';
import { onSession, whoIsHere } from '../talk/session.js';
import { t } from '../words/language.js';
import { freeNow } from './free-now.js';
import { holdingFor } from './holding.js';
import { moved, visitOf, visitsOf } from './wanted.js';

/** @typedef {import('./alternatives.js').Offer} Offer */
/** @typedef {{ owner: string, persons: string[] }} Picked who was chosen, and by whom */

/**
 * The form; whoever is not signed in is asked to first, and finds it as they left it.
 * @param {Offer} offer
 * @param {Picked} picked kept by the caller, so that another time is asked for the same persons
 * @param {{ onAsk: (hold_id: string) => void, onLater: () => void }} listener
 * @returns {{ element: HTMLElement, stop: () => void }}
 */
export function bookingForm(offer, picked, { onAsk, onLater }) {
  const visits = visitsOf(offer);
  const lives = visits.map(({ slot }) => freeNow(slot, show));
  const isMoved = () => moved(offer) !== null;
  const holding = holdingFor(offer, show);
  const hint = el('p.hint', { role: 'status' });
  const button = el('button.primary', { type: 'button', onclick: ask });
  const later = el('button', { type: 'button', onclick: onLater }, t('book.later'));
  const rest = el('div.stack');
  let stopPeople = () => {};
  let isAsked = false;

  function begin() {
    stopPeople();
    const me = whoIsHere()?.id;
    if (me === undefined) {
      fill(rest, signInPane('h3'));
      return;
    }
    if (picked.owner !== me) Object.assign(picked, { owner: me, persons: [me] });
    fill(rest, !isMoved() && people(), holding.element, hint,
      el('div.actions', {}, button, later));
    show();
  }

  function people() {
    const choice = peopleChoice({
      chosen: picked.persons,
      most: Math.floor(PLACES_MAX / visits.length),
      onChoice(persons) {
        picked.persons = persons;
        show();
      },
    });
    stopPeople = choice.stop;
    return choice.element;
  }

  function show() {
    const seats = moved(offer)?.people.length ?? picked.persons.length;
    const most = Math.min(...lives.map((live) => live.free())) + holding.seats();
    const isPossible = seats > 0 && seats <= most;
    const what = visits.length > 1 ? 'pair.do' : 'book.do';
    say(button, isMoved() ? t('move.do') : t(what, { n: seats }));
    say(hint, most > 0 && seats > most ? t('book.too_many', { n: most }) : '');
    set(button, 'aria-disabled', isPossible ? null : 'true');
    if (isPossible && whoIsHere() !== null) holding.keep(seats);
  }

  async function ask() {
    if (isAsked || button.getAttribute('aria-disabled') !== null) return;
    isAsked = true;
    onAsk(await holding.toBook(picked.persons.length));
  }

  const stopSession = onSession(begin);
  begin();
  return {
    element: el('div.stack', {},
      ...visits.flatMap((visit, nth) => [ticket(visitOf(visit)), lives[nth].element]), rest),
    stop() {
      for (const { stop } of lives) stop();
      [holding.stop, stopSession, stopPeople].forEach((stop) => stop());
    },
  };
}
