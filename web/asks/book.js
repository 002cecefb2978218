// How are places booked, or a booking moved, at one time in one clinic?

import { openDialog } from '../parts/dialog.js';
import { el, fill, say, set } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { peopleChoice } from '../parts/people.js';
import { signInPane } from '../parts/sign-in.js';
import { ticket } from '../parts/ticket.js';
import { isFree } from '../parts/times.js';
import { read } from '../talk/api.js';
import { endMoving, moving } from '../talk/moving.js';
import { onSession, whoIsHere } from '../talk/session.js';
import { watch } from '../talk/watch.js';
import { wishFor } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { outcome } from './outcome.js';

const LOOK_MS = 1_000;
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
  const dialog = openPhases();
  dialog.choose(offer);
}

/**
 * Open a dialog that shows how a wish stands that was made before.
 * @param {Wish} wish
 */
export function openWish(wish) {
  const dialog = openPhases();
  dialog.stand(wish);
}

/** A dialog that shows one phase after the other; what a phase has running ends with it. */
function openPhases() {
  /** @type {(() => void)[]} */
  let running = [];
  let chosen = [whoIsHere()?.id ?? ''];
  const end = () => {
    for (const stop of running.splice(0)) stop();
  };
  const dialog = openDialog({ title: title(), onClose: end });

  /** @param {Offer} offer */
  function choose(offer) {
    end();
    const visit = visitOf(offer);
    const form = el('div.stack');
    const live = liveLine(offer);
    running = [live.stop, onSession(showForm)];
    fill(dialog.body, ticket(visit), live.element, form);
    showForm();

    function showForm() {
      if (whoIsHere() === null) {
        fill(form, signInPane('h3'));
        return;
      }
      if (chosen.includes('')) chosen = [whoIsHere()?.id ?? ''];
      const people = moving() === null ? peoplePart() : null;
      const button = el('button.primary', { type: 'button', onclick: ask }, label());
      const later = el('button', { type: 'button', onclick: dialog.close }, t('book.later'));
      if (people !== null) running.push(people.stop);
      fill(form, people?.element, el('div.actions', {}, button, later));
      live.onChange = show;
      show();

      function peoplePart() {
        return peopleChoice({ chosen, onChoice: (next) => ((chosen = next), show()) });
      }

      function show() {
        say(button, label());
        const isPossible = chosen.length > 0 && live.isFree();
        set(button, 'aria-disabled', isPossible ? null : 'true');
      }

      function ask() {
        if (button.getAttribute('aria-disabled') !== 'true') stand(wishFor(wanted(offer, chosen)));
      }
    }
  }

  function label() {
    return moving() === null ? t('book.do', { n: chosen.length }) : t('move.do');
  }

  /** @param {Wish} wish */
  function stand(wish) {
    end();
    const shown = outcome(wish, {
      onClose: dialog.close,
      onOffer: (offer) => {
        dialog.rename(title());
        choose(offer);
      },
      onEnd(title) {
        if (wish.stage !== 'done') return;
        if (wish.kind === 'move') endMoving();
        dialog.rename(title);
      },
    });
    running = [shown.stop];
    fill(dialog.body, ticket(wish.about), shown.element);
    if (wish.stage !== 'done') dialog.rename(t(TITLES[wish.kind]));
  }

  return { choose, stand };
}

function title() {
  return t(moving() === null ? 'book.title' : 'move.title');
}

/**
 * How many places are free in the slot, read again each second while the dialog asks for whom.
 * @param {Offer} offer
 */
function liveLine({ slot }) {
  const words = el('p.free-now', { role: 'status' });
  const fresh = freshness();
  let now = slot;
  const line = {
    element: el('div.live-line', {}, words, fresh.element),
    onChange: () => {},
    isFree: () => isFree(now),
    stop: () => looking.stop(),
  };
  const show = () => {
    say(words, isFree(now) ? t('slot.free_now', { n: now.free }) : t('slot.full_now'));
    set(words, 'data-free', isFree(now));
    line.onChange();
  };
  const looking = watch(async (signal) => {
    const { status, body, asOf, code } = await read(`/slots/${slot.id}`, { signal });
    if (signal.aborted) return true;
    fresh.show(asOf, code);
    if (status !== 200) return false;
    now = body;
    show();
    return true;
  }, { everyMs: LOOK_MS });
  show();
  return line;
}

/**
 * The wish for these persons in this slot.
 * @param {Offer} offer
 * @param {string[]} chosen
 */
function wanted(offer, chosen) {
  const { slot } = offer;
  const moved = moving();
  if (moved !== null) {
    const places = [...moved.stays, ...moved.people.map((one) => ({ ...one, slot_id: slot.id }))];
    const path = `/bookings/${moved.booking}/reschedule`;
    const about = { ...visitOf(offer), n: moved.people.length };
    return { kind: /** @type {const} */ ('move'), path, body: { places }, about };
  }
  const dose = slot.dose ? { dose: slot.dose } : {};
  const places = chosen.map((patient_id) => ({ slot_id: slot.id, patient_id, ...dose }));
  const about = { ...visitOf(offer), n: chosen.length };
  return { kind: /** @type {const} */ ('book'), path: '/bookings', body: { places }, about };
}

/** @param {Offer} offer */
function visitOf({ slot, clinic }) {
  return {
    service: slot.service,
    product: slot.product,
    dose: slot.dose,
    starts_at: slot.starts_at,
    ends_at: slot.ends_at,
    clinic_name: clinic.name,
    clinic_address: clinic.address,
    time_zone: clinic.time_zone,
  };
}
