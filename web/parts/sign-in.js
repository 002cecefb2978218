// How does somebody sign in?

import { hasExpired, signIn } from '../talk/session.js';
import { t } from '../words/language.js';
import { el, say, set } from './dom.js';

/**
 * The pane by which one signs in while Talon is being developed; it says that it is no more.
 * @param {'h1' | 'h2' | 'h3'} level of its heading
 * @returns {HTMLElement}
 */
export function signInPane(level) {
  const wrong = el('p.wrong', { id: 'token-wrong', role: 'alert' });
  const field = el('textarea', {
    id: 'token', name: 'token', rows: 3, required: true, spellcheck: 'false', autocomplete: 'off',
    autocapitalize: 'none', 'aria-describedby': 'token-hint token-wrong',
  });
  const hint = el('p.hint', { id: 'token-hint' }, t('sign_in.hint'), ' ',
    el('code', {}, 'make token'));
  function submit(/** @type {Event} */ event) {
    event.preventDefault();
    if (signIn(field.value)) return;
    say(wrong, t('sign_in.wrong'));
    set(field, 'aria-invalid', 'true');
    field.focus();
  }
  const title = t(hasExpired() ? 'sign_in.again' : 'sign_in.title');
  return el('section.pane.stack', {},
    el(level, level === 'h1' ? { tabindex: '-1' } : {}, title),
    el('p', {}, t(hasExpired() ? 'sign_in.expired' : 'sign_in.why')),
    el('p.honest', {}, t('sign_in.honest')),
    el('form.stack', { onsubmit: submit, novalidate: true },
      el('label', { for: 'token' }, t('sign_in.token')), field, hint, wrong,
      el('button.primary', { type: 'submit' }, t('sign_in.do'))));
}
