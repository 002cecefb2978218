// How does somebody say how they wish to be told: in which language, by what, when, and of what?

import { keepPreferences, readPreferences } from '../talk/preferences.js';
import { untilAnswered } from '../talk/watch.js';
import { LANGUAGES, t } from '../words/language.js';
import { moment } from '../words/times.js';
import { channelOrder } from './channel-order.js';
import { el, say, set } from './dom.js';
import { onceMoreText, problemText } from './problems.js';
import { quietHours } from './quiet-hours.js';

/** @typedef {import('../talk/shapes.js').Preferences} Preferences */
/** @typedef {import('../talk/shapes.js').Contacts} Contacts */

/** Of what one need not be told. What the clinic changes is told to everybody. */
const DECLINABLE = /** @type {const} */ (
  ['booking', 'reminder', 'visit', 'attendance', 'announcement']);

/**
 * The form; `reach` says where the person is reached now.
 * @returns {{ element: HTMLElement, reach: (contacts: Contacts) => void, stop: () => void }}
 */
export function preferencesPane() {
  const said = el('p.note', { id: 'preferences-said', role: 'status' });
  const save = el('button.primary', { type: 'submit' }, t('preferences.save'));
  const language = languageChoice();
  const channels = channelOrder();
  const quiet = quietHours();
  const kinds = kindChoice();
  const consent = consentChoice();
  const fields = el('fieldset.stack.preferences', { disabled: true },
    language.element, channels.element, quiet.element, kinds.element, consent.element, said, save);
  const element = el('form.pane.stack', {
    onsubmit: keep, novalidate: true, 'aria-labelledby': 'preferences-title',
  }, el('h2', { id: 'preferences-title' }, t('preferences.title')), fields);
  /** @type {Preferences} */
  let held;

  function show(/** @type {Preferences} */ found) {
    held = found;
    for (const part of [language, kinds, consent]) part.show(found);
    channels.show(found.channels);
    quiet.show(found.quiet);
    fields.disabled = false;
  }

  function read(/** @type {import('../talk/api.js').Answer} */ { status, body, code }) {
    if (status === 200) show(body);
    tell(status === 200 ? '' : problemText(code), 'bad');
  }

  async function keep(/** @type {Event} */ event) {
    event.preventDefault();
    if (save.getAttribute('aria-disabled') === 'true') return;
    if (quiet.isWrong()) {
      tell(t('quiet.wrong'), 'bad');
      return;
    }
    set(save, 'aria-disabled', 'true');
    const { status, body, code } = await keepPreferences(held, {
      language: language.value(),
      channels: channels.value(),
      quiet: quiet.value(),
      declined: kinds.value(),
      consent: consent.value(),
    });
    set(save, 'aria-disabled', null);
    if (status === 200) show(body);
    // What holds is shown, so that nobody takes what they wished for it.
    if (code === 'preferences_changed') read(await readPreferences());
    if (status === 200) tell(t('preferences.saved'), 'good');
    else tell(onceMoreText(code), 'bad');
  }

  function tell(/** @type {string} */ text, /** @type {string} */ tone) {
    set(said, 'data-tone', tone);
    say(said, text);
  }

  return { element, reach: channels.reach, stop: untilAnswered(readPreferences, read) };
}

function languageChoice() {
  const inputs = Object.keys(LANGUAGES).map((value) => (
    el('input.unseen', { type: 'radio', name: 'told-in', value })));
  const element = el('fieldset.choice', {}, el('legend', {}, t('preferences.language')),
    el('div.segments', {}, ...inputs.map((input) => {
      const { name } = LANGUAGES[/** @type {keyof typeof LANGUAGES} */ (input.value)];
      return el('label.segment', { lang: input.value, translate: 'no' }, input,
        el('span', {}, name));
    })));
  return {
    element,
    show(/** @type {Preferences} */ { language }) {
      for (const input of inputs) input.checked = input.value === language;
    },
    value: () => inputs.find((input) => input.checked)?.value ?? null,
  };
}

function kindChoice() {
  const inputs = DECLINABLE.map((kind) => el('input', { type: 'checkbox', name: kind }));
  const element = el('fieldset.choice.stack', {}, el('legend', {}, t('kinds.label')),
    el('div.people', {}, ...DECLINABLE.map((kind, nth) => (
      el('label.person', {}, inputs[nth], el('span', {}, t(`kind.${kind}`)))))),
    el('p.hint', {}, t('kinds.due')));
  return {
    element,
    show(/** @type {Preferences} */ { declined }) {
      DECLINABLE.forEach((kind, nth) => { inputs[nth].checked = !declined.includes(kind); });
    },
    value: () => DECLINABLE.filter((_, nth) => !inputs[nth].checked),
  };
}

function consentChoice() {
  const input = el('input', { type: 'checkbox', name: 'consent' });
  const since = el('p.hint');
  const element = el('fieldset.choice.stack', {}, el('legend', {}, t('consent.label')),
    el('label.person', {}, input, el('span', {}, t('consent.words'))), since);
  let inForce = '';
  return {
    element,
    show(/** @type {Preferences} */ found) {
      const { consent, consented_at: at, consent_in_force: newest } = found;
      inForce = newest;
      input.checked = consent === newest;
      const without = found.consent_needed ? 'consent.needed' : 'consent.version';
      const about = { version: consent ?? newest, at: at === null ? '' : moment(at) };
      say(since, t(at === null ? without : 'consent.since', about));
    },
    value: () => (input.checked ? inForce : null),
  };
}
