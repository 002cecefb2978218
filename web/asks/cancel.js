// How is a booking cancelled?

import { openDialog } from '../parts/dialog.js';
import { el, fill } from '../parts/dom.js';
import { ticket } from '../parts/ticket.js';
import { wishFor } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { clock, dateOf, dayShort } from '../words/times.js';
import { outcome } from './outcome.js';

/** @typedef {import('../talk/shapes.js').Booking} Booking */

/**
 * Ask whether it is meant, and then for it to be done.
 * @param {Booking} booking
 */
export function openCancelling(booking) {
  /** @type {(() => void) | undefined} */
  let stop;
  const dialog = openDialog({ title: t('cancel.title'), onClose: () => stop?.() });
  const bySlot = new Map(booking.places.map((place) => [place.slot_id, place]));
  const visits = () => [...bySlot.values()].map(ticket);

  function cancel() {
    const wish = wishFor({
      kind: 'cancel',
      path: `/bookings/${booking.id}/cancel`,
      body: {},
      about: booking.places[0],
    });
    const shown = outcome(wish, {
      onClose: dialog.close,
      onEnd: () => wish.stage === 'done' && dialog.rename(t('done.cancel')),
    });
    stop = shown.stop;
    fill(dialog.body, ...visits(), shown.element);
    dialog.rename(t('cancel.title'));
  }

  fill(dialog.body, ...visits(),
    el('p', {}, t('cancel.what', { n: booking.places.length })),
    late(booking.places),
    el('div.actions', {},
      el('button.danger', { type: 'button', onclick: cancel }, t('cancel.do')),
      el('button', { type: 'button', onclick: dialog.close }, t('cancel.keep'))));
}

/**
 * A warning, where it is later than the clinic wanted to know.
 * @param {import('../talk/shapes.js').Place[]} places
 */
function late(places) {
  const passed = places.find(({ cancel_until: until }) => until && Date.parse(until) < Date.now());
  if (passed === undefined || !passed.cancel_until) return false;
  const { cancel_until: until, time_zone: zone } = passed;
  const time = `${dayShort(dateOf(until, zone))}, ${clock(until, zone)}`;
  return el('p.warning', {}, t('cancel.late', { time }));
}
