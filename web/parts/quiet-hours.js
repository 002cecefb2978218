// At what hours is somebody left in peace, and by whose clock?

import { t } from '../words/language.js';
import { el, set } from './dom.js';

const USUAL = { begins: '22:00', ends: '08:00' };

/** @typedef {import('../talk/shapes.js').Preferences['quiet']} Quiet */

/**
 * A box to tick, and the hours.
 * @returns {{ element: HTMLElement, show: (quiet: Quiet) => void, value: () => Quiet,
 *   isWrong: () => boolean }}
 */
export function quietHours() {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const wanted = el('input', { type: 'checkbox', name: 'quiet', onchange: turn });
  const about = { required: true, 'aria-describedby': 'preferences-said' };
  const begins = el('input', { id: 'quiet-begins', type: 'time', ...about });
  const ends = el('input', { id: 'quiet-ends', type: 'time', ...about });
  const zone = el('select', { id: 'quiet-zone' },
    ...[...new Set([here, ...Intl.supportedValuesOf('timeZone')])]
      .map((name) => el('option', { value: name }, name.replaceAll('_', ' '))));
  const hours = el('div.hours', {},
    field('quiet-begins', t('quiet.begins'), begins), field('quiet-ends', t('quiet.ends'), ends),
    field('quiet-zone', t('quiet.zone'), zone));
  const element = el('fieldset.choice.stack', {}, el('legend', {}, t('quiet.label')),
    el('label.person', {}, wanted, el('span', {}, t('quiet.wanted'))), hours,
    el('p.hint', {}, t('quiet.hint')));

  function turn() {
    hours.hidden = !wanted.checked;
  }

  function show(/** @type {Quiet} */ quiet) {
    wanted.checked = quiet !== null;
    begins.value = quiet?.begins ?? USUAL.begins;
    ends.value = quiet?.ends ?? USUAL.ends;
    const name = quiet?.time_zone ?? here;
    // Another device may know zones by names that this one does not.
    if (![...zone.options].some(({ value }) => value === name)) {
      zone.append(el('option', { value: name }, name));
    }
    zone.value = name;
    turn();
  }

  function isWrong() {
    const isHalf = begins.value === '' || ends.value === '' || begins.value === ends.value;
    const found = wanted.checked && isHalf;
    for (const one of [begins, ends]) set(one, 'aria-invalid', found ? 'true' : null);
    if (found) (begins.value === '' ? begins : ends).focus();
    return found;
  }

  function value() {
    if (!wanted.checked) return null;
    return { begins: begins.value, ends: ends.value, time_zone: zone.value };
  }

  return { element, show, value, isWrong };
}

/**
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} input
 */
function field(id, label, input) {
  return el('div.field', {}, el('label', { for: id }, label), input);
}
