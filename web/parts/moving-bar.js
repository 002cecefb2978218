// How does somebody know that they are choosing another time for a booking they have?

import { endMoving, moving } from '../talk/moving.js';
import { t } from '../words/language.js';
import { el } from './dom.js';
import { visitLine } from './ticket.js';

/** A bar that says which booking is being moved, and how to leave it as it is; null if none is. */
export function movingBar() {
  const now = moving();
  if (now === null) return null;
  const bar = el('div.bar', { role: 'note' },
    el('p', {}, el('b', {}, t('move.from', { visit: visitLine(now.from) })), ' ', t('move.stays')),
    el('button', { type: 'button', onclick: keep }, t('move.keep')));
  function keep() {
    endMoving();
    bar.remove();
    document.querySelector('h1')?.focus();
  }
  return bar;
}
