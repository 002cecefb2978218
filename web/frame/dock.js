// What is still under way, wherever one is on the page?

import { openWish } from '../asks/book.js';
import { el, keyed, say, set } from '../parts/dom.js';
import { standing } from '../parts/standing.js';
import { visitLine } from '../parts/ticket.js';
import { onSession } from '../talk/session.js';
import { dismiss, mayBeDismissed, onWish, unattended } from '../talk/wishes.js';
import { t } from '../words/language.js';

/** @typedef {import('../talk/wishes.js').Wish} Wish */

/** A place at the foot of the page for wishes that no dialog shows, and for a lost connection. */
export function dock() {
  const offline = el('p.dock-item', { 'data-tone': 'unsure' }, '');
  const list = el('ul.dock-list');
  const element = el('div.dock', { role: 'status' }, offline, list);

  function show() {
    say(offline, t('dock.offline'));
    offline.hidden = navigator.onLine;
    keyed(list, unattended().filter(isTold), { key: (wish) => wish.key, make, update });
  }

  onWish(show);
  onSession(show);
  addEventListener('online', show);
  addEventListener('offline', show);
  show();
  return { element, show };
}

/** @param {Wish} wish */
function isTold(wish) {
  return wish.kind !== 'dependant' || wish.stage === 'stuck';
}

/** @param {Wish} wish */
function make(wish) {
  const words = el('p', {}, el('b'), el('span'));
  const more = el('button', { type: 'button', onclick: () => openWish(wish) });
  const away = el('button.quiet.closer', { type: 'button', onclick: () => dismiss(wish) }, '×');
  return el('li.dock-item', {}, words, more, away);
}

/**
 * @param {HTMLElement} item
 * @param {Wish} wish
 */
function update(item, wish) {
  const now = standing(wish);
  const [words, more, away] = [...item.children];
  set(item, 'data-tone', now.tone);
  say(words.children[0], now.title);
  say(words.children[1], wish.about.starts_at === undefined ? '' : ` ${visitLine(wish.about)}`);
  say(more, t('dock.show'));
  /** @type {HTMLElement} */ (more).hidden = wish.kind === 'dependant';
  set(away, 'aria-label', t('dialog.close'));
  /** @type {HTMLElement} */ (away).hidden = !mayBeDismissed(wish);
}
