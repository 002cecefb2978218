// Where does this person want to be told what became of a booking?

import { devicePane } from '../parts/device.js';
import { el, say, set } from '../parts/dom.js';
import { problemText } from '../parts/problems.js';
import { ask } from '../talk/api.js';
import { t } from '../words/language.js';

/** @returns {import('../app.js').View} */
export function contactsView() {
  const said = el('p.note', { id: 'email-said', role: 'status' });
  const field = el('input', {
    id: 'email', name: 'email', type: 'email', autocomplete: 'email', disabled: true,
    inputmode: 'email', 'aria-describedby': 'email-hint email-said',
  });
  const button = el('button.primary', { type: 'submit', disabled: true }, t('contacts.save'));

  async function load() {
    const { status, body, code } = await ask('/me/contacts', { personal: true });
    if (status !== 200) {
      say(said, problemText(code));
      return;
    }
    field.value = body.email ?? '';
    field.disabled = false;
    button.disabled = false;
  }

  async function save(/** @type {Event} */ event) {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    set(field, 'aria-invalid', null);
    const email = field.value.trim() || null;
    const { status, code } = await ask('/me/contacts', {
      method: 'PUT', personal: true, body: { email },
    });
    set(button, 'aria-disabled', null);
    set(said, 'data-tone', status === 200 ? 'good' : 'bad');
    if (status === 200) {
      say(said, email === null ? t('contacts.none') : t('contacts.saved', { email }));
      return;
    }
    say(said, code === 'invalid_body' ? t('contacts.wrong') : problemText(code));
    if (code === 'invalid_body') {
      set(field, 'aria-invalid', 'true');
      field.focus();
    }
  }

  load();
  return {
    title: t('contacts.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('contacts.title')),
      el('p', {}, t('contacts.why')),
      el('form.pane.stack', { onsubmit: save, novalidate: true },
        el('label', { for: 'email' }, t('contacts.email')), field,
        el('p.hint', { id: 'email-hint' }, t('contacts.hint')),
        said, button),
      devicePane()),
    stop() {},
  };
}
