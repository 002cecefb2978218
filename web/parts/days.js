// On which day of the next two weeks?

import { t } from '../words/language.js';
import { dayLong } from '../words/times.js';
import { el, keyed, say, set } from './dom.js';
import { head, level, number } from './strip.js';

/** @typedef {import('../talk/shapes.js').ClinicDay} ClinicDay */

/**
 * A choice of one day, by arrow keys or by touch.
 * @param {(date: string) => void} onChoice
 */
export function days(onChoice) {
  const list = el('div.days', { role: 'radiogroup', 'aria-label': t('days.label') });

  /** @param {string} date */
  function make(date) {
    const input = el('input.unseen', {
      type: 'radio', name: 'day', value: date, onchange: () => onChoice(date),
    });
    const free = el('b', { 'aria-hidden': 'true' });
    const shown = el('span.cell', { 'aria-hidden': 'true' }, head(date), free);
    return el('label.day', {}, input, shown);
  }

  /**
   * @param {string[]} dates
   * @param {ClinicDay[] | null} open null while it is not known yet
   * @param {string} chosen
   */
  function show(dates, open, chosen) {
    const byDate = new Map((open ?? []).map((day) => [day.date, day]));
    keyed(list, dates, {
      key: (date) => date,
      make,
      update(label, date) {
        const day = byDate.get(date);
        const [input, cell] = label.children;
        input.checked = date === chosen;
        set(input, 'aria-label', open === null ? dayLong(date) : sentence(date, day));
        say(cell.lastElementChild, open === null ? '\u00a0' : number(day));
        set(cell, 'data-level', open === null ? 'unknown' : level(day));
      },
    });
  }
  return { element: list, show };
}

/**
 * @param {string} date
 * @param {ClinicDay | undefined} day
 */
function sentence(date, day) {
  if (day === undefined) return t('days.closed', { day: dayLong(date) });
  return t('days.free', { day: dayLong(date), n: day.free });
}
