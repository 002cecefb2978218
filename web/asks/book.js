// How are places booked, or a booking moved, from the question to the answer?

import { openDialog } from '../parts/dialog.js';
import { el, fill } from '../parts/dom.js';
import { ticket } from '../parts/ticket.js';
import { letGo, letGoAll } from '../talk/holds.js';
import { endMoving, moving } from '../talk/moving.js';
import { wishFor } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { bookingForm } from './form.js';
import { outcome } from './outcome.js';
import { wanted } from './wanted.js';

const TITLES = {
  book: 'book.title', move: 'move.title', cancel: 'cancel.title', dependant: 'people.add',
};

/** @typedef {import('../talk/wishes.js').Wish} Wish */
/** @typedef {import('./alternatives.js').Offer} Offer */

/**
 * Open the dialog in which this slot is booked, or a booking is moved to it.
 * @param {Offer} offer
 */
export function openBooking(offer) {
  openPhases().choose(offer);
}

/**
 * Open a dialog that shows how a wish stands that was made before.
 * @param {Wish} wish
 */
export function openWish(wish) {
  openPhases().stand(wish);
}

/** A dialog that first asks, then shows what becomes of the wish, and perhaps asks again. */
function openPhases() {
  const picked = { owner: '', persons: [] };
  let stop = () => {};
  const dialog = openDialog({ title: title(), onClose: leave });

  /** What was held for whoever leaves is others' again. */
  function leave() {
    stop();
    letGoAll();
  }

  /** @param {Offer} offer */
  function choose(offer) {
    stop();
    const form = bookingForm(offer, picked, {
      onAsk: (hold_id) => stand(wishFor(wanted(offer, picked.persons, hold_id))),
      onLater: dialog.close,
    });
    stop = form.stop;
    fill(dialog.body, form.element);
    dialog.rename(title());
  }

  /** @param {Wish} wish */
  function stand(wish) {
    stop();
    const shown = outcome(wish, { onClose: dialog.close, onOffer: choose, onEnd: () => end(wish) });
    stop = shown.stop;
    fill(dialog.body, el('div.stack', {}, ticket(wish.about), shown.element));
    if (wish.stage !== 'done') dialog.rename(t(TITLES[wish.kind]));
  }

  /** @param {Wish} wish */
  function end(wish) {
    // Of what was not booked with its hold nothing is wanted any more.
    if (wish.stage === 'refused' && wish.body.hold_id) letGo(wish.body.hold_id);
    if (wish.stage !== 'done') return;
    if (wish.kind === 'move') endMoving();
    dialog.rename(t(`done.${wish.kind}`));
  }

  return { choose, stand };
}

function title() {
  return t(moving() === null ? 'book.title' : 'move.title');
}
