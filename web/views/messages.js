// What was this person told, when, by what, and with which fate?

import { announce } from '../parts/announce.js';
import { el, say, set } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { onceMoreText, problemText } from '../parts/problems.js';
import { headline, showTold } from '../parts/told.js';
import { followMessages } from '../talk/messages.js';
import { t } from '../words/language.js';

/** @typedef {import('../talk/messages.js').Told} Told */
/** @typedef {import('../talk/messages.js').Shown} Shown */

/** @returns {import('../app.js').View} */
export function messagesView() {
  const fresh = freshness();
  const note = el('p.note', { role: 'status' });
  const none = el('div.pane.stack', { hidden: true }, el('p', {}, t('messages.none')),
    el('a.button', { href: '#/contacts' }, t('messages.to_contacts')));
  const list = el('ul.told-list');
  const more = el('button', { type: 'button', hidden: true, onclick: older }, t('messages.older'));
  const section = el('section.coming', {
    'aria-label': t('messages.title'), 'aria-busy': 'true',
  }, list, none);
  /** @type {Set<string> | undefined} */
  let before;

  function show(/** @type {Shown} */ shown) {
    fresh.show(shown.asOf, shown.code);
    if (shown.asOf === '') {
      say(note, shown.code === '' ? '' : problemText(shown.code));
      return;
    }
    say(note, '');
    set(section, 'aria-busy', null);
    showTold(list, shown.told);
    none.hidden = shown.told.length > 0;
    more.hidden = !shown.hasOlder;
    tellNews(shown.told);
  }

  function tellNews(/** @type {Told[]} */ told) {
    const [newest] = told;
    if (before !== undefined && newest !== undefined && !before.has(newest.id)) {
      announce(t('messages.news', { what: headline(newest.what) }));
    }
    before = new Set([...(before ?? []), ...told.map(({ id }) => id)]);
  }

  async function older() {
    if (more.getAttribute('aria-disabled') === 'true') return;
    set(more, 'aria-disabled', 'true');
    const last = list.lastElementChild;
    const code = await following.older();
    set(more, 'aria-disabled', null);
    say(note, code === '' ? '' : onceMoreText(code));
    // Whoever reads on by keyboard or by ear goes on where the new ones begin.
    last?.nextElementSibling?.focus();
  }

  const following = followMessages(show);
  return {
    title: t('messages.title'),
    element: el('div.narrow', {},
      el('div.list-head', {}, el('h1', { tabindex: '-1' }, t('messages.title')), fresh.element),
      el('p', {}, t('messages.why')),
      section, note, more),
    stop: following.stop,
  };
}
