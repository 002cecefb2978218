// How are days and times said, and in whose zone?

import { locale, t } from './language.js';

export const DAYS_SHOWN = 14;
const DAY_MS = 86_400_000;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * The time of day on the clinic's own clock: 09:30.
 * @param {string} instant
 * @param {string} zone
 */
export function clock(instant, zone) {
  return format({ timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(new Date(instant));
}

/**
 * From when to when: 09:30–10:00.
 * @param {{ starts_at: string, ends_at: string }} slot
 * @param {string} zone
 */
export function span(slot, zone) {
  return `${clock(slot.starts_at, zone)}–${clock(slot.ends_at, zone)}`;
}

/**
 * The hour on the clinic's own clock, 0 to 23.
 * @param {string} instant
 * @param {string} zone
 */
export function hour(instant, zone) {
  return Number(clock(instant, zone).slice(0, 2));
}

/**
 * The day on the clinic's own calendar, as the API writes days: 2026-11-25.
 * @param {string | number} instant
 * @param {string} zone
 */
export function dateOf(instant, zone) {
  const parts = format({ timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
    .formatToParts(new Date(instant));
  const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value;
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/**
 * The days that the page shows: two weeks from this one on.
 * @param {string} first
 */
export function twoWeeksFrom(first) {
  return Array.from({ length: DAYS_SHOWN }, (_, n) => {
    return new Date(midnight(first).getTime() + n * DAY_MS).toISOString().slice(0, 10);
  });
}

/**
 * A day as one says it: Tuesday 25 November.
 * @param {string} date
 */
export function dayLong(date) {
  const said = ofDay(date, { weekday: 'long', day: 'numeric', month: 'long' });
  return said.replace(/(\d) /, '$1\u00a0');
}

/**
 * The same at the beginning of a line, where a language writes its days small.
 * @param {string} text
 */
export function capital(text) {
  return text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1);
}

/**
 * A day as one writes it where there is little room: Tue 25 Nov.
 * @param {string} date
 */
export function dayShort(date) {
  return ofDay(date, { weekday: 'short', day: 'numeric', month: 'short' });
}

/** @param {string} date */
export function weekday(date) {
  return ofDay(date, { weekday: 'short' });
}

/** @param {string} date */
export function dayOfMonth(date) {
  return String(Number(date.slice(8)));
}

/** @param {string} date */
export function month(date) {
  return ofDay(date, { month: 'short' });
}

/** @param {string} date */
export function isWeekend(date) {
  return [0, 6].includes(midnight(date).getUTCDay());
}

/**
 * When something was so, to the second, on the clock of whoever looks: 12:03:05.
 * @param {string} instant
 */
export function second(instant) {
  const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return format(/** @type {any} */ (parts)).format(new Date(instant));
}

/**
 * When something happened, on the clock of whoever looks: 30 November, 14:05.
 * @param {string} instant
 */
export function moment(instant) {
  const at = new Date(instant);
  const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
  const day = format(/** @type {any} */ ({ day: 'numeric', month: 'long', ...year })).format(at);
  return `${day}, ${format({ hour: '2-digit', minute: '2-digit' }).format(at)}`;
}

/**
 * For how long still, in minutes and seconds: 4:05.
 * @param {number} until by this device's clock (ms)
 */
export function timeLeft(until) {
  const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * How many days lie between, as people count them: 20 days and 18 hours are three weeks.
 * @param {string} from
 * @param {string} to
 */
export function daysBetween(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/**
 * Whose time it is, where that is not the time of whoever looks; else nothing.
 * @param {string} instant
 * @param {string} zone
 */
export function zoneNote(instant, zone) {
  const at = new Date(instant);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (offset(at, zone) === offset(at, here)) return '';
  return t('time.zone', { zone: zoneName(at, zone, 'shortGeneric'), offset: offset(at, zone) });
}

/**
 * @param {Date} at
 * @param {string} zone
 */
function offset(at, zone) {
  return zoneName(at, zone, 'shortOffset');
}

/**
 * @param {Date} at
 * @param {string} zone
 * @param {'shortGeneric' | 'shortOffset'} timeZoneName
 */
function zoneName(at, zone, timeZoneName) {
  const parts = format({ timeZone: zone, hour: '2-digit', timeZoneName }).formatToParts(at);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/**
 * @param {string} date
 * @param {Intl.DateTimeFormatOptions} options
 */
function ofDay(date, options) {
  return format({ timeZone: 'UTC', ...options }).format(midnight(date));
}

/** @param {string} date */
function midnight(date) {
  return new Date(`${date}T00:00:00Z`);
}

/** @param {Intl.DateTimeFormatOptions} options */
function format(options) {
  const name = `${locale()} ${JSON.stringify(options)}`;
  let found = formats.get(name);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(locale(), { hourCycle: 'h23', ...options });
    formats.set(name, found);
  }
  return found;
}
