// How does somebody say that they want to be told on this device?

import { begin, end, standing } from '../talk/device.js';
import { t } from '../words/language.js';
import { el, say, set } from './dom.js';
import { problemText } from './problems.js';

/** A pane with one button; not there where this browser or this Talon cannot do it. */
export function devicePane() {
  const said = el('p.note', { role: 'status' });
  const count = el('p.hint');
  const button = el('button', { type: 'button', onclick: turn });
  const element = el('section.pane.stack', { hidden: true, 'aria-labelledby': 'device-title' },
    el('h2', { id: 'device-title' }, t('device.title')), el('p', {}, t('device.why')),
    said, count, button);
  /** @type {import('../talk/device.js').Standing} */
  let now;

  async function look(before = '') {
    now = await standing();
    element.hidden = now.state === 'none';
    button.hidden = now.state === 'denied';
    say(button, t(now.state === 'on' ? 'device.end' : 'device.begin'));
    say(count, now.count === 0 ? '' : t('device.count', { n: now.count }));
    say(said, before || words(now));
    set(said, 'data-tone', before ? 'bad' : now.state === 'on' ? 'good' : null);
  }

  async function turn() {
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    const code = now.state === 'on' ? await end(now.id) : await begin(now.key);
    set(button, 'aria-disabled', null);
    await look(code === '' ? '' : trouble(code));
  }

  look();
  return element;
}

/** @param {import('../talk/device.js').Standing} now */
function words({ state }) {
  if (state === 'on') return t('device.on');
  return state === 'denied' ? t('device.denied') : '';
}

/** @param {string} code */
function trouble(code) {
  if (code === 'denied') return t('device.denied');
  return code === 'no_push_service' ? t('device.no_service') : problemText(code);
}
