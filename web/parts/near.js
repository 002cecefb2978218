// Near what is a place looked for?

import { t } from '../words/language.js';
import { el, fill, say, set } from './dom.js';

const LOCATE_MS = 10_000;
const OLD_MS = 300_000;
const POSITION_DIGITS = 2;

/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../words/distance.js').Point} Point */

/**
 * @typedef {object} Near
 * @property {'here' | 'district' | 'clinic'} kind
 * @property {string} name what it is called; '' for where the person is
 * @property {Point | null} point null where a clinic does not say where it is
 * @property {string} [clinic] the clinic's id
 */

/** Kept while the page is open, nowhere else: where one is, is one's own. @type {Near | null} */
let near = null;

/** What was chosen last. */
export function nearNow() {
  return near;
}

/**
 * A field for a district or a clinic, and a button for where one is.
 * @param {() => void} onChoice
 */
export function nearChoice(onChoice) {
  /** @type {Near[]} */
  let places = [];
  const options = el('datalist', { id: 'near-places' });
  const hint = el('p.hint', { id: 'near-hint', role: 'status' });
  const field = el('input', {
    id: 'near', type: 'text', list: 'near-places', autocomplete: 'off', value: near?.name ?? '',
    placeholder: t('near.placeholder'), 'aria-describedby': 'near-hint',
    onchange: take, oninput: takeWhenExact,
  });
  const here = el('button.here', { type: 'button', onclick: locate },
    el('span', {}, t('near.here')));

  function choose(/** @type {Near | null} */ next) {
    near = next;
    set(here, 'aria-pressed', String(next?.kind === 'here'));
    say(hint, next?.kind === 'here' ? t('near.rounded') : noPoint(next));
    onChoice();
  }

  function take() {
    const text = field.value.trim();
    if (text === '') {
      if (near?.kind !== 'here') choose(null);
      return;
    }
    const found = match(places, text);
    if (found === null) {
      say(hint, t('near.unknown'));
      return;
    }
    field.value = found.name;
    if (found.name !== near?.name) choose(found);
  }

  function takeWhenExact() {
    const exact = places.find((place) => plain(place.name) === plain(field.value));
    if (exact !== undefined && exact.name !== near?.name) choose(exact);
  }

  function locate() {
    if (near?.kind === 'here') {
      choose(null);
      return;
    }
    say(hint, t('near.locating'));
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      field.value = '';
      const point = { latitude: coords.latitude, longitude: coords.longitude };
      choose({ kind: 'here', name: '', point });
    }, () => say(hint, t('near.refused')), { timeout: LOCATE_MS, maximumAge: OLD_MS });
  }

  set(here, 'aria-pressed', String(near?.kind === 'here'));
  return {
    element: el('div.field.near', {}, el('label', { for: 'near' }, t('near.label')),
      el('div.with-button', {}, field, here), options, hint),
    /** @param {Clinic[]} clinics */
    offer(clinics) {
      places = [...districts(clinics), ...clinics.map(clinicPlace)];
      fill(options, ...places.map((place) => el('option', { value: place.name })));
    },
  };
}

/**
 * A position as it is told: as exactly as to about a kilometre; what is nearer is reckoned here.
 * @param {Point} point
 */
export function rounded({ latitude, longitude }) {
  return `${latitude.toFixed(POSITION_DIGITS)},${longitude.toFixed(POSITION_DIGITS)}`;
}

/** @param {Near | null} next */
function noPoint(next) {
  return next !== null && next.point === null ? t('near.no_point') : '';
}

/**
 * Each district, about in the middle of its clinics.
 * @param {Clinic[]} clinics
 * @returns {Near[]}
 */
export function districts(clinics) {
  /** @type {Map<string, Point[]>} */
  const points = new Map();
  for (const { district, latitude, longitude } of clinics) {
    if (district === '' || latitude === null || longitude === null) continue;
    points.set(district, [...(points.get(district) ?? []), { latitude, longitude }]);
  }
  return [...points].map(([name, all]) => ({ kind: 'district', name, point: middle(all) }));
}

/**
 * @param {Clinic} clinic
 * @returns {Near}
 */
function clinicPlace({ id, name, latitude, longitude }) {
  const point = latitude === null || longitude === null ? null : { latitude, longitude };
  return { kind: 'clinic', name, point, clinic: id };
}

/** @param {Point[]} points */
function middle(points) {
  const mean = (/** @type {keyof Point} */ axis) =>
    points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return { latitude: mean('latitude'), longitude: mean('longitude') };
}

/**
 * The place that is meant: called so, or beginning so, or having it in its name.
 * @param {Near[]} places
 * @param {string} text
 */
export function match(places, text) {
  const wanted = plain(text);
  const tests = [
    (/** @type {string} */ name) => name === wanted,
    (/** @type {string} */ name) => name.startsWith(wanted),
    (/** @type {string} */ name) => name.includes(wanted),
  ];
  for (const test of tests) {
    const found = places.find((place) => test(plain(place.name)));
    if (found !== undefined) return found;
  }
  return null;
}

/** @param {string} text */
function plain(text) {
  return text.trim().toLowerCase().replaceAll('ё', 'е');
}
