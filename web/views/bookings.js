// What has this person booked?

import { openCancelling } from '../asks/cancel.js';
import { announce } from '../parts/announce.js';
import { el, fill, keyed, say, set } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { problemText, reasonText } from '../parts/problems.js';
import { ticket, visitLine } from '../parts/ticket.js';
import { toClinic } from '../route.js';
import { followBookings } from '../talk/bookings.js';
import { beginMoving } from '../talk/moving.js';
import { learnPeople, personName } from '../talk/people.js';
import { attendanceOf, tokenOf } from '../talk/visit.js';
import { dismiss, wishesOfPerson } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { dateOf } from '../words/times.js';

const NEAR_MS = 12 * 3_600_000;

/** @typedef {import('../talk/shapes.js').Booking} Booking */
/** @typedef {import('../talk/shapes.js').Place} Place */

/** @returns {import('../app.js').View} */
export function bookingsView() {
  const fresh = freshness();
  const note = el('p.note', { role: 'status' });
  const none = el('div.pane.stack', { hidden: true }, el('p', {}, t('bookings.none')),
    el('a.button', { href: '#/' }, t('bookings.find')));
  const coming = el('ul.tickets');
  const past = el('ul.tickets.past');
  const pastSection = el('section', { hidden: true }, el('h2', {}, t('bookings.past')), past);
  const section = el('section.coming', {
    'aria-label': t('bookings.coming'), 'aria-busy': 'true',
  }, coming, none);
  /** @type {Map<string, string>} */
  const before = new Map();
  /** @type {import('../talk/bookings.js').Shown | undefined} */
  let last;

  function show(/** @type {import('../talk/bookings.js').Shown} */ shown) {
    last = shown;
    fresh.show(shown.asOf, shown.code);
    if (shown.asOf === '') {
      if (shown.code !== '') say(note, problemText(shown.code));
      return;
    }
    list(coming, shown.bookings.filter(isComing).sort(byTime));
    set(section, 'aria-busy', null);
    none.hidden = coming.children.length > 0;
    const rest = shown.bookings.filter((booking) => !isComing(booking));
    list(past, rest);
    pastSection.hidden = rest.length === 0;
    say(note, noteFor(shown));
    for (const booking of shown.bookings) tellNews(before, booking);
  }

  for (const wish of wishesOfPerson()) if (wish.stage === 'done') dismiss(wish);
  const stop = followBookings(show);
  learnPeople().then(() => last !== undefined && show(last));
  return {
    title: t('bookings.title'),
    element: el('div', {},
      el('div.list-head', {}, el('h1', { tabindex: '-1' }, t('bookings.title')), fresh.element),
      section, note, pastSection),
    stop,
  };
}

/** @param {import('../talk/bookings.js').Shown} shown */
function noteFor(shown) {
  return shown.hasOlder ? t('bookings.older') : '';
}

/**
 * Whether a booking is still to come.
 * @param {Booking} booking
 */
function isComing(booking) {
  if (booking.status === 'pending') return true;
  const isAhead = booking.places.some((place) => Date.parse(place.ends_at) > Date.now());
  return booking.status === 'booked' && isAhead;
}

/**
 * @param {Booking} one
 * @param {Booking} other
 */
function byTime(one, other) {
  const first = (/** @type {Booking} */ booking) => booking.places[0]?.starts_at ?? booking.made_at;
  return first(one).localeCompare(first(other));
}

/**
 * @param {Map<string, string>} before
 * @param {Booking} booking
 */
function tellNews(before, booking) {
  const known = before.get(booking.id);
  // What somebody else has done to their place in it is no news here.
  const now = [booking.status, ...booking.places.map((one) => one.slot_id + one.patient_id)].join();
  before.set(booking.id, now);
  if (known === undefined || known === now) return;
  const place = booking.places[0];
  const visit = place === undefined ? '' : visitLine(place);
  announce(t(`news.${booking.status}`, { visit }));
}

/**
 * @param {HTMLElement} element
 * @param {Booking[]} bookings
 */
function list(element, bookings) {
  keyed(element, bookings, {
    key: (booking) => booking.id,
    make: () => el('li.card.booking', { tabindex: '-1' }),
    update(item, booking) {
      attendance(item, booking);
      const { status, version: nth, actions, places } = booking;
      const version = [status, nth, actions, who(places)].join();
      if (item.getAttribute('data-version') === version) return;
      const hadFocus = item.contains(document.activeElement);
      set(item, 'data-version', version);
      set(item, 'data-status', booking.status);
      fill(item, ...content(booking));
      if (hadFocus) item.focus();
    },
  });
}

/**
 * Whether somebody has come to it, and whether it is done, is no change of a booking: it is asked
 * for by itself, on the day alone.
 * @param {HTMLElement} item
 * @param {Booking} booking
 */
async function attendance(item, booking) {
  const isNear = booking.status === 'booked' && booking.places.some((place) => (
    place.modality !== 'virtual' && Math.abs(Date.parse(place.starts_at) - Date.now()) < NEAR_MS));
  const said = isNear ? await attendanceOf(booking.id) : [];
  const line = item.querySelector('.attendance');
  if (!(line instanceof HTMLElement)) return;
  const word = ['fulfilled', 'arrived'].find((one) => said.includes(one));
  line.hidden = word === undefined;
  say(line, word === undefined ? '' : t(`attendance.${word}`));
}

/** @param {Booking} booking */
function content(booking) {
  const groups = bySlot(booking.places);
  const canChange = booking.actions.includes('cancel');
  return [
    el('p.status', {}, t(`status.${booking.status}`)),
    el('p.attendance', { hidden: true }),
    booking.reason && el('p', {}, reasonText(booking.reason)),
    booking.cancelled_by === 'clinic' && el('p', {}, t('bookings.by_clinic')),
    booking.status === 'noshow' && el('p', {}, t('bookings.missed')),
    booking.late && el('p', {}, t('bookings.late')),
    ...groups.map((places) => part(places, canChange ? changes(booking, places) : [])),
    canChange && groups.length > 1 && el('div.actions', {}, cancelButton(booking)),
  ];
}

/**
 * Those of a booking who are in one slot.
 * @param {Place[]} places
 * @param {HTMLElement[]} buttons
 */
function part(places, buttons) {
  const names = who(places).join(', ');
  return el('div.part', {}, ticket(places[0]),
    el('div.part-foot', {}, el('p.who', {}, t('bookings.who', { who: names })),
      buttons.length > 0 && el('div.actions', {}, ...buttons)));
}

/**
 * What may be done with those in one slot; a booking is cancelled as a whole.
 * @param {Booking} booking
 * @param {Place[]} places
 */
function changes(booking, places) {
  const isWhole = places.length === booking.places.length;
  const isAhead = Date.parse(places[0].starts_at) > Date.now();
  const virtual = places.filter((place) => place.modality === 'virtual');
  return [...virtual.map((place) => visitButton(booking, place, virtual.length === 1)),
    isWhole && cancelButton(booking), isAhead && moveButton(booking, places[0])]
    .filter((button) => button !== false);
}

/**
 * To the line of a telemedicine visit, by the link that the mail has as well.
 * @param {Booking} booking
 * @param {Place} place
 * @param {boolean} isOnly whether nobody else of the booking is seen at the same time
 */
function visitButton(booking, place, isOnly) {
  const text = isOnly ? t('visit.go') : t('visit.go_for', { who: personName(place.patient_id) });
  return el('button.primary', { type: 'button', onclick: go }, text);
  async function go() {
    const token = await tokenOf(booking.id, place.id);
    if (token === null) announce(t('problem.other'));
    else location.hash = `#/link/visit/${token}`;
  }
}

/**
 * @param {Booking} booking
 * @param {Place} place
 */
function moveButton(booking, place) {
  const label = t('move.begin_long', { visit: visitLine(place) });
  return el('button', { type: 'button', 'aria-label': label, onclick: move }, t('move.begin'));
  function move() {
    beginMoving(booking, place.slot_id);
    const date = dateOf(place.starts_at, place.time_zone);
    location.hash = toClinic(place.clinic_id, { service: place.service, date });
  }
}

/** @param {Booking} booking */
function cancelButton(booking) {
  const label = t('cancel.begin_long', { visit: visitLine(booking.places[0]) });
  return el('button.quiet.danger', {
    type: 'button', 'aria-label': label, onclick: () => openCancelling(booking),
  }, t('cancel.begin'));
}

/** @param {Place[]} places */
function bySlot(places) {
  /** @type {Map<string, Place[]>} */
  const groups = new Map();
  for (const place of places) {
    groups.set(place.slot_id, [...(groups.get(place.slot_id) ?? []), place]);
  }
  return [...groups.values()];
}

/** @param {Place[]} places */
function who(places) {
  return places.map((place) => personName(place.patient_id));
}
