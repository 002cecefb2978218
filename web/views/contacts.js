// Where, and how, does this person want to be told what became of a booking?

import { devicePane } from '../parts/device.js';
import { el, say, set } from '../parts/dom.js';
import { preferencesPane } from '../parts/preferences.js';
import { onceMoreText, problemText } from '../parts/problems.js';
import { proxiesPane } from '../parts/proxies.js';
import { ask } from '../talk/api.js';
import { untilAnswered } from '../talk/watch.js';
import { t } from '../words/language.js';

const PATH = '/me/contacts';
const PHONE = /^\+\d{8,15}$/;

/** @typedef {import('../talk/shapes.js').Contacts} Contacts */

/** @returns {import('../app.js').View} */
export function contactsView() {
  const preferences = preferencesPane();
  const proxies = proxiesPane();
  const where = addresses(preferences.reach);
  return {
    title: t('contacts.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('contacts.title')),
      el('p', {}, t('contacts.why')),
      where.element, devicePane(), preferences.element, proxies.element),
    stop() {
      for (const part of [where, preferences, proxies]) part.stop();
    },
  };
}

/** @param {(contacts: Contacts) => void} onKnown */
function addresses(onKnown) {
  const said = el('p.note', { id: 'email-said', role: 'status' });
  const field = el('input', {
    id: 'email', name: 'email', type: 'email', autocomplete: 'email', disabled: true,
    inputmode: 'email', 'aria-describedby': 'email-hint email-said',
  });
  const phone = el('input', {
    id: 'phone', name: 'phone', type: 'tel', autocomplete: 'tel', disabled: true,
    'aria-describedby': 'phone-hint email-said',
  });
  const button = el('button.primary', { type: 'submit', disabled: true }, t('contacts.save'));

  function read(/** @type {import('../talk/api.js').Answer} */ { status, body, code }) {
    say(said, status === 200 ? '' : problemText(code));
    if (status !== 200) return;
    show(body);
    for (const one of [field, phone, button]) one.disabled = false;
  }

  function show(/** @type {Contacts} */ contacts) {
    field.value = contacts.email ?? '';
    phone.value = contacts.phone ?? '';
    onKnown(contacts);
  }

  async function save(/** @type {Event} */ event) {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    for (const one of [field, phone]) set(one, 'aria-invalid', null);
    const wish = { email: field.value.trim() || null, phone: plain(phone.value) || null };
    const { status, body, code } = await ask(PATH, { method: 'PUT', personal: true, body: wish });
    set(button, 'aria-disabled', null);
    set(said, 'data-tone', status === 200 ? 'good' : 'bad');
    if (status === 200) {
      show(body);
      say(said, savedText(body));
    } else if (code === 'invalid_body') wrong(wish);
    else say(said, onceMoreText(code));
  }

  /** @param {{ email: string | null, phone: string | null }} wish */
  function wrong({ email, phone: number }) {
    // Talon says that something is wrong with one of them, in words that are not for everybody.
    const isPhone = email === null || (number !== null && !PHONE.test(number))
      || (number !== null && field.validity.valid);
    say(said, t(isPhone ? 'contacts.wrong_phone' : 'contacts.wrong'));
    set(isPhone ? phone : field, 'aria-invalid', 'true');
    (isPhone ? phone : field).focus();
  }

  const element = el('form.pane.stack', { onsubmit: save, novalidate: true },
    el('div.field', {}, el('label', { for: 'email' }, t('contacts.email')), field,
      el('p.hint', { id: 'email-hint' }, t('contacts.hint'))),
    el('div.field', {}, el('label', { for: 'phone' }, t('contacts.phone')), phone,
      el('p.hint', { id: 'phone-hint' }, t('contacts.phone_hint'))),
    said, button);
  const stop = untilAnswered((signal) => ask(PATH, { personal: true, signal }), read);
  return { element, stop };
}

/** @param {Contacts} contacts */
function savedText({ email, phone }) {
  const mail = email === null ? t('contacts.none') : t('contacts.saved', { email });
  return phone === null ? mail : `${mail} ${t('contacts.saved_phone', { phone })}`;
}

/**
 * A number without what people write between its digits.
 * @param {string} phone
 */
function plain(phone) {
  return phone.replace(/[\s()\u2010-\u2013.-]/g, '');
}
