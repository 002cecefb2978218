// Of which messages does nobody know whether they were told, and who has found it out?

import { announce } from '../parts/announce.js';
import { el, keyed, say, set } from '../parts/dom.js';
import { onceMoreText, problemText } from '../parts/problems.js';
import { settling } from '../parts/settling.js';
import { readUnknown } from '../talk/unknown.js';
import { untilAnswered } from '../talk/watch.js';
import { t } from '../words/language.js';

/** @typedef {import('../talk/shapes.js').Unknown} Unknown */

/** @returns {import('../app.js').View} */
export function unknownView() {
  const note = el('p.note', { role: 'status' });
  const heading = el('h1', { tabindex: '-1' }, t('unknown.title'));
  const none = el('p', { hidden: true }, t('unknown.none'));
  const list = el('ul.told-list');
  const more = el('button', { type: 'button', hidden: true, onclick: readOn }, t('unknown.more'));
  const section = el('section.coming', {
    'aria-label': t('unknown.title'), 'aria-busy': 'true',
  }, list, none);
  /** @type {Unknown[]} */
  let known = [];
  /** @type {string | null} */
  let cursor = null;

  /** Whoever looks is noted with each of these people, so it is not looked at again by itself. */
  async function readOn() {
    if (more.getAttribute('aria-disabled') === 'true') return;
    set(more, 'aria-disabled', 'true');
    const last = list.lastElementChild;
    const answer = await readUnknown(cursor);
    set(more, 'aria-disabled', null);
    read(answer);
    if (answer.status !== 200) say(note, onceMoreText(answer.code));
    last?.nextElementSibling?.focus();
  }

  function read(/** @type {import('../talk/api.js').Answer} */ { status, body, code }) {
    say(note, status === 200 ? '' : problemText(code));
    if (status !== 200) return;
    known = [...known, ...body.messages];
    cursor = body.cursor;
    show();
  }

  function show() {
    set(section, 'aria-busy', null);
    keyed(list, known, {
      key: (one) => one.event_id + one.channel,
      make: (one) => settling(one, (text) => gone(one, text)),
    });
    none.hidden = known.length > 0 || cursor !== null;
    more.hidden = cursor === null;
  }

  function gone(/** @type {Unknown} */ settled, /** @type {string} */ text) {
    const at = known.indexOf(settled);
    known = known.filter((one) => one !== settled);
    show();
    (list.children[at] ?? heading).focus();
    announce(text);
  }

  const stop = untilAnswered((signal) => readUnknown(null, signal), read);
  return {
    title: t('unknown.title'),
    element: el('div.narrow', {}, heading, el('p', {}, t('unknown.why')), section, note, more),
    stop,
  };
}
