// What was a patient told, as whoever works at a clinic may ask by the patient's id?

import { el, say, set } from '../parts/dom.js';
import { onceMoreText } from '../parts/problems.js';
import { showTold } from '../parts/told.js';
import { readTold, together } from '../talk/messages.js';
import { t } from '../words/language.js';

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** @returns {import('../app.js').View} */
export function toldView() {
  const said = el('p.note', { id: 'patient-said', role: 'status' });
  const field = el('input', {
    id: 'patient', type: 'text', autocomplete: 'off', spellcheck: 'false',
    'aria-describedby': 'patient-said',
  });
  const list = el('ul.told-list', { 'aria-label': t('messages.title') });
  const more = el('button', { type: 'button', hidden: true, onclick: older }, t('messages.older'));
  /** @type {import('../talk/shapes.js').Telling[]} */
  let known = [];
  /** @type {string | null} */
  let cursor = null;
  let patient = '';
  let isAsking = false;

  /** Who looks is noted with the patient, so it is not looked at again by itself. */
  async function find(/** @type {Event} */ event) {
    event.preventDefault();
    patient = field.value.trim();
    const isWrong = !ID.test(patient);
    set(field, 'aria-invalid', isWrong ? 'true' : null);
    if (isWrong) {
      tell(t('told_to.wrong'), 'bad');
      field.focus();
      return;
    }
    [known, cursor] = [[], null];
    await readOn();
  }

  async function older() {
    const last = list.lastElementChild;
    await readOn();
    last?.nextElementSibling?.focus();
  }

  async function readOn() {
    if (isAsking) return;
    isAsking = true;
    const { status, body, code } = await readTold(patient, cursor);
    isAsking = false;
    if (status === 200) {
      known = [...known, ...body.messages];
      cursor = body.cursor;
    }
    const told = together(known);
    showTold(list, told);
    more.hidden = cursor === null;
    if (status !== 200) tell(onceMoreText(code), 'bad');
    else tell(told.length === 0 ? t('told_to.none') : t('told_to.found', { n: told.length }), '');
  }

  function tell(/** @type {string} */ text, /** @type {string} */ tone) {
    set(said, 'data-tone', tone || null);
    say(said, text);
  }

  return {
    title: t('told_to.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('told_to.title')),
      el('p', {}, t('told_to.why')),
      el('form.pane.stack', { onsubmit: find, novalidate: true },
        el('div.field', {}, el('label', { for: 'patient' }, t('told_to.patient')), field), said,
        el('button.primary', { type: 'submit' }, t('told_to.find'))),
      list, more),
    stop() {},
  };
}
