// How are two weeks of one clinic shown in a small space?

import { t } from '../words/language.js';
import { dayOfMonth, isWeekend, weekday } from '../words/times.js';
import { el, keyed, say, set } from './dom.js';

const SHOWN_MAX = 999;
const FEW = 0.25;

/** @typedef {import('../talk/shapes.js').ClinicDay} ClinicDay */

/** A strip of days with the free places of each; to a screen reader it is one sentence. */
export function strip() {
  const element = el('div.strip', { role: 'img' });
  /**
   * @param {string[]} dates
   * @param {ClinicDay[]} days
   * @param {string} chosen
   */
  function show(dates, days, chosen) {
    const byDate = new Map(days.map((day) => [day.date, day]));
    const cells = dates.map((date) => ({ date, day: byDate.get(date) }));
    set(element, 'aria-label', sentence(days));
    keyed(element, cells, {
      key: (cell) => cell.date,
      make: (cell) => el('span.cell', {}, head(cell.date), el('b')),
      update(cellElement, { date, day }) {
        say(cellElement.lastElementChild, number(day));
        set(cellElement, 'data-level', level(day));
        set(cellElement, 'data-chosen', date === chosen);
      },
    });
  }
  return { element, show };
}

/**
 * The head of a column: which day it is.
 * @param {string} date
 */
export function head(date) {
  const weekend = isWeekend(date) ? '.weekend' : '';
  return el(`span.head${weekend}`, {}, weekday(date), ' ', el('i', {}, dayOfMonth(date)));
}

/**
 * How many are free, as it is written into a cell.
 * @param {ClinicDay | undefined} day
 */
export function number(day) {
  if (day === undefined) return '–';
  return day.free > SHOWN_MAX ? `${SHOWN_MAX}+` : String(day.free);
}

/**
 * How much that is, for the eye.
 * @param {ClinicDay | undefined} day
 */
export function level(day) {
  if (day === undefined) return 'none';
  if (day.free === 0) return 'full';
  return day.free <= day.capacity * FEW ? 'few' : 'many';
}

/** @param {ClinicDay[]} days */
function sentence(days) {
  const open = days.filter((day) => day.free > 0);
  const free = open.reduce((sum, day) => sum + day.free, 0);
  if (free === 0) return t('strip.none');
  return `${t('strip.places', { n: free })} ${t('strip.days', { n: open.length })}`;
}
