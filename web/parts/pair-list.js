// Which pairs of doses can be had?

import { sayDistance } from '../words/distance.js';
import { t } from '../words/language.js';
import { capital, dateOf, dayLong, span, zoneNote } from '../words/times.js';
import { el, keyed, named, say, set } from './dom.js';

/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../talk/series.js').Pair} Pair */
/** @typedef {import('../talk/series.js').PairDose} PairDose */
/** @typedef {Map<string, Clinic>} Clinics every one that a pair names, by its id */

/**
 * A list of cards, each with both dates and a button that takes both.
 * @param {(pair: Pair) => void} onChoice
 */
export function pairList(onChoice) {
  const element = el('ul.pairs', { 'aria-busy': 'true' });
  /** @type {WeakMap<Element, (pair: Pair, clinics: Clinics) => void>} */
  const updates = new WeakMap();

  /**
   * @param {Pair[]} pairs
   * @param {Clinics} clinics
   */
  function show(pairs, clinics) {
    set(element, 'aria-busy', null);
    keyed(element, pairs, {
      key: ({ doses }) => doses[0].slot_id,
      make() {
        const made = card(onChoice);
        updates.set(made.element, made.update);
        return made.element;
      },
      update: (item, pair) => updates.get(item)?.(pair, clinics),
    });
  }
  return { element, show, wait: () => set(element, 'aria-busy', 'true') };
}

/** @param {(pair: Pair) => void} onChoice */
function card(onChoice) {
  /** @type {Pair | undefined} */
  let now;
  const doses = [1, 2].map(doseLines);
  const apart = el('p.hint');
  const button = el('button', { type: 'button', onclick: () => now && onChoice(now) },
    t('pairs.choose'));
  const element = el('li.card.pair', {},
    ...doses.map((dose) => dose.element), el('div.pair-foot', {}, apart, button));

  /**
   * @param {Pair} pair
   * @param {Clinics} clinics
   */
  function update(pair, clinics) {
    now = pair;
    const said = pair.doses.map((dose, nth) => doses[nth].update(dose, clinics));
    say(apart, t('pairs.apart', { n: pair.days_apart }));
    set(button, 'aria-label', t('pairs.choose_long', { first: said[0], second: said[1] }));
  }
  return { element, update };
}

/**
 * When and where one dose is.
 * @param {number} dose
 */
function doseLines(dose) {
  const day = el('time');
  const clock = el('time.clock');
  const zone = el('span.hint');
  const where = named('span', '');
  const far = el('span.distance');
  const element = el('div.pair-dose', {},
    el('h3', {}, t('pairs.dose', { dose })),
    el('p.when', {}, day, ', ', clock, ' ', zone), el('p.where', {}, where, ' ', far));

  /**
   * @param {PairDose} now
   * @param {Clinics} clinics
   * @returns {string} the day and the time, for whoever hears the page
   */
  function update(now, clinics) {
    const zoneName = clinics.get(now.clinic_id)?.time_zone ?? 'UTC';
    const date = dayLong(dateOf(now.starts_at, zoneName));
    const time = span(now, zoneName);
    set(day, 'datetime', now.starts_at);
    say(day, capital(date));
    say(clock, time);
    say(zone, zoneNote(now.starts_at, zoneName));
    say(where, now.clinic_name);
    say(far, now.distance_km === null ? '' : sayDistance(now.distance_km));
    return `${date}, ${time}`;
  }
  return { element, update };
}
