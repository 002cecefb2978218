// How is a slot told: when, where, what for?

import { serviceName } from '../services.js';
import {
  capital, dateOf, dayLong, dayOfMonth, month, span, weekday, zoneNote,
} from '../words/times.js';
import { el, named } from './dom.js';
import { about } from './times.js';

/**
 * @typedef {object} Visit
 * @property {string} [slot_id]
 * @property {string} service
 * @property {string} [product]
 * @property {number | null} [dose]
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} clinic_name
 * @property {string} clinic_address
 * @property {string} time_zone
 * @property {Visit} [second] where it is a pair of doses, the second one
 */

/**
 * The tickets of a visit, or of the two of a pair of doses.
 * @param {Visit} visit
 * @returns {HTMLElement[]}
 */
export function tickets(visit) {
  return visit.second === undefined ? [ticket(visit)] : [ticket(visit), ticket(visit.second)];
}

/**
 * A visit in a few lines: the day, the time, the service, the clinic.
 * @param {Visit} visit
 * @returns {HTMLElement}
 */
export function ticket(visit) {
  const date = dateOf(visit.starts_at, visit.time_zone);
  const note = zoneNote(visit.starts_at, visit.time_zone);
  const facts = about(visit);
  return el('div.ticket', {},
    el('div.stub', { 'aria-hidden': 'true' },
      el('span', {}, weekday(date)), el('b', {}, dayOfMonth(date)), el('span', {}, month(date))),
    el('div.visit', {},
      el('p.when', {}, el('time', { datetime: visit.starts_at }, capital(dayLong(date))), ', ',
        el('time.clock', {}, span(visit, visit.time_zone))),
      note && el('p.hint', {}, note),
      el('p', {}, serviceName(visit.service), facts && el('span.about', {}, facts)),
      el('p.where', {}, named('span', visit.clinic_name), el('br'),
        named('span.hint', visit.clinic_address))));
}

/**
 * The same in one line, for where there is no room: Tuesday 25 November, 09:00–09:30.
 * @param {{ starts_at: string, ends_at: string, time_zone: string }} visit
 */
export function visitLine(visit) {
  return `${dayLong(dateOf(visit.starts_at, visit.time_zone))}, ${span(visit, visit.time_zone)}`;
}
