// How does somebody say what became of a message of which nobody knows it?

import { settle } from '../talk/unknown.js';
import { t } from '../words/language.js';
import { moment } from '../words/times.js';
import { el, named, say, set } from './dom.js';
import { onceMoreText, problemText } from './problems.js';
import { toldWhat } from './told.js';

const NOTE_LENGTH_MAX = 200;

/** @typedef {import('../talk/shapes.js').Unknown} Unknown */

/**
 * A card with what was to be told, what is known of it, and two buttons.
 * @param {Unknown} message
 * @param {(text: string) => void} onSettled
 * @returns {HTMLElement}
 */
export function settling(message, onSettled) {
  const name = `note-${message.event_id}`;
  const said = el('p.note', { id: `${name}-said`, role: 'status', 'data-tone': 'bad' });
  const field = el('input', {
    id: name, type: 'text', maxlength: NOTE_LENGTH_MAX, autocomplete: 'off',
    'aria-describedby': `${name}-said`,
  });
  let isAsking = false;

  async function answer(/** @type {'delivered' | 'failed'} */ fate) {
    const note = field.value.trim();
    set(field, 'aria-invalid', note === '' ? 'true' : null);
    if (note === '') {
      say(said, t('unknown.note_missing'));
      field.focus();
      return;
    }
    if (isAsking) return;
    isAsking = true;
    const { status, code } = await settle(message, fate, note);
    isAsking = false;
    if (status === 200) onSettled(t(`unknown.said.${fate}`));
    else if (code === 'message_settled') onSettled(problemText(code));
    else say(said, onceMoreText(code));
  }

  return el('li.card.told', { tabindex: '-1' },
    ...toldWhat(message), facts(message),
    el('form.stack', { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      el('div.field', {}, el('label', { for: name }, t('unknown.note')), field), said,
      el('div.actions', {},
        el('button', { type: 'button', onclick: () => answer('delivered') }, t('unknown.arrived')),
        el('button', { type: 'button', onclick: () => answer('failed') }, t('unknown.failed')))));
}

/** @param {Unknown} message */
function facts(message) {
  const { channel, provider, note } = message;
  const at = message.settled_at ?? message.written_at;
  return el('div.settling', {},
    el('p', {}, t('unknown.person'), ' ', named('code', message.person_id)),
    el('p', {}, t(`channel.${channel}`), provider && named('span.hint', ` ${provider}`), ' ',
      el('time.hint', { datetime: at }, moment(at))),
    note && named('p.hint', note));
}
