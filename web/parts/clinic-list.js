// Which clinics have something free, and how far away are they?

import { toClinic } from '../route.js';
import { kilometres, sayDistance } from '../words/distance.js';
import { t } from '../words/language.js';
import { clock, dateOf, dayShort } from '../words/times.js';
import { el, keyed, named, say, set } from './dom.js';
import { strip } from './strip.js';

const SKELETONS = 6;

/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../talk/shapes.js').ClinicDays} ClinicDays */

/**
 * @typedef {object} Choice
 * @property {Map<string, Clinic>} clinics
 * @property {string} service
 * @property {string} date the day that was asked for; '' for any
 * @property {string[]} days
 * @property {import('../words/distance.js').Point | null} from
 */

/** A list of cards; before the first answer it keeps their room. */
export function clinicList() {
  const element = el('ul.clinics', { 'aria-busy': 'true' },
    ...Array.from({ length: SKELETONS }, () => el('li.card.skeleton', { 'aria-hidden': 'true' })));
  /** @type {WeakMap<Element, ReturnType<typeof card>>} */
  const cards = new WeakMap();

  /**
   * @param {ClinicDays[]} found
   * @param {Choice} choice
   */
  function show(found, choice) {
    set(element, 'aria-busy', null);
    keyed(element, found, {
      key: (clinic) => clinic.clinic_id,
      make(clinic) {
        const made = card(clinic);
        cards.set(made.element, made);
        return made.element;
      },
      update: (item, clinic) => cards.get(item)?.update(clinic, choice),
    });
  }
  return { element, show, wait: () => set(element, 'aria-busy', 'true') };
}

/** @param {ClinicDays} clinic */
function card(clinic) {
  const link = el('a', { translate: 'no' }, clinic.name);
  const far = el('span.distance');
  const where = el('p.where.hint', { translate: 'no' });
  const free = el('p.free');
  const fortnight = strip();
  const element = el('li.card', {},
    el('div.card-head', {}, el('h3', {}, link), far), where, free, fortnight.element);

  /**
   * @param {ClinicDays} now
   * @param {Choice} choice
   */
  function update(now, choice) {
    const known = choice.clinics.get(now.clinic_id);
    const km = distance(now, known, choice.from);
    set(link, 'href', toClinic(now.clinic_id, { service: choice.service, date: choice.date }));
    say(far, km === null ? '' : sayDistance(km));
    say(where, known?.address || known?.district || '\u00a0');
    say(free, freeText(now, known, choice.date));
    set(free, 'data-free', isFree(now, choice.date));
    fortnight.show(choice.days, now.days, choice.date);
  }
  return { element, update };
}

/**
 * As exactly as the browser knows both ends; else as Talon says; null where nobody knows.
 * @param {ClinicDays} now
 * @param {Clinic | undefined} known
 * @param {Choice['from']} from
 */
function distance(now, known, from) {
  if (from === null) return null;
  if (known === undefined || known.latitude === null || known.longitude === null) {
    return now.distance_km;
  }
  return kilometres(from, { latitude: known.latitude, longitude: known.longitude });
}

/**
 * @param {ClinicDays} now
 * @param {string} date
 */
function isFree(now, date) {
  return now.days.some((day) => day.free > 0 && (date === '' || day.date === date));
}

/**
 * @param {ClinicDays} now
 * @param {Clinic | undefined} known
 * @param {string} date
 */
function freeText(now, known, date) {
  const first = now.days.find((day) => day.first_free_at !== null);
  if (date !== '') {
    const day = now.days.find((one) => one.date === date);
    if (day !== undefined && day.free > 0) {
      return t('card.free_on', { n: day.free, day: dayShort(date) });
    }
    if (first === undefined) return t('card.nothing');
    return t('card.not_then', { day: dayShort(date), first: dayShort(first.date) });
  }
  if (first === undefined || first.first_free_at === null) return t('card.nothing');
  const zone = known?.time_zone;
  if (zone === undefined) return t('card.first_day', { day: dayShort(first.date) });
  const day = dayShort(dateOf(first.first_free_at, zone));
  return t('card.first', { day, time: clock(first.first_free_at, zone) });
}
