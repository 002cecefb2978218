// How are places booked, or a booking moved, from the question to the answer?

import { openDialog } from '../parts/dialog.js';
import { el, fill } from '../parts/dom.js';
import { tickets } from '../parts/ticket.js';
import { claim, letGo, letGoAll } from '../talk/holds.js';
import { endMoving } from '../talk/moving.js';
import { wishFor } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { bookingForm } from './form.js';
import { instead, mayBeInstead } from './instead.js';
import { otherDose } from './other-dose.js';
import { outcome } from './outcome.js';
import { moved, wanted, wantedInstead } from './wanted.js';

const TITLES = {
  book: 'book.title', move: 'move.title', cancel: 'cancel.title', dependant: 'people.add',
};

/** @typedef {import('../talk/wishes.js').Wish} Wish */
/** @typedef {import('./alternatives.js').Offer} Offer */

/**
 * Open the dialog in which a slot or a pair of doses is booked, or a booking is moved to a slot.
 * @param {Offer} offer
 */
export function openBooking(offer) {
  openPhases(titleFor(offer)).choose(offer);
}

/**
 * Open a dialog that shows how a wish stands that was made before.
 * @param {Wish} wish
 */
export function openWish(wish) {
  openPhases(t(TITLES[wish.kind])).stand(wish);
}

/**
 * A dialog that first asks, then shows what becomes of the wish, and perhaps asks again.
 * @param {string} title
 */
function openPhases(title) {
  const picked = { owner: '', persons: [] };
  let stop = () => {};
  const dialog = openDialog({ title, onClose: leave });

  /** What was held for whoever leaves is others' again. */
  function leave() {
    stop();
    letGoAll();
  }

  /** @param {Offer} offer */
  function choose(offer) {
    stop();
    const form = bookingForm(offer, picked, {
      onAsk: (hold_id) => stand(wishFor(wanted(offer, picked.persons, hold_id)), offer),
      onLater: dialog.close,
    });
    stop = form.stop;
    fill(dialog.body, form.element);
    dialog.rename(titleFor(offer));
  }

  /**
   * The other dose moves as well, to what is kept for it.
   * @param {Wish} before
   * @param {Offer} offer
   */
  function chooseDose(before, offer) {
    stop();
    const wish = wantedInstead(before, offer);
    const form = otherDose(wish.about, offer, {
      onLater: dialog.close,
      onAsk() {
        if (offer.hold) claim(offer.hold.id);
        stand(wishFor(wish));
      },
    });
    stop = () => {};
    fill(dialog.body, form);
    dialog.rename(t('pair.move_title'));
  }

  /**
   * @param {Wish} wish
   * @param {Offer} [asked] what it was made for, where that is still known
   */
  function stand(wish, asked) {
    stop();
    const shown = outcome(wish, {
      onClose: dialog.close,
      onEnd: () => end(wish),
      fits: (near) => mayBeInstead(wish, asked, near),
      onOffer(offer) {
        if (wish.answer?.code === 'interval_broken') chooseDose(wish, offer);
        else choose(instead(wish, asked, offer));
      },
    });
    stop = shown.stop;
    fill(dialog.body, el('div.stack', {}, ...tickets(wish.about), shown.element));
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

/** @param {Offer} offer */
function titleFor(offer) {
  if (offer.second !== undefined) return t('pair.title');
  return t(moved(offer) === null ? 'book.title' : 'move.title');
}
