// What may somebody do who was sent a link, without signing in?

import { el, fill, named, say, set } from '../parts/dom.js';
import { problemText } from '../parts/problems.js';
import { visitLine } from '../parts/ticket.js';
import { ask } from '../talk/api.js';
import { t } from '../words/language.js';

/**
 * @typedef {object} Visit
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} time_zone
 * @property {string} clinic_name
 * @property {string} clinic_address
 */

/**
 * Looking does nothing: only the button does, once.
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function linkView(route) {
  const path = `/links/${encodeURIComponent(route.token)}`;
  // The same name however often the button is pressed: it is one wish.
  const key = crypto.randomUUID();
  const said = el('p.note', { role: 'status' });
  const visits = el('ul');
  const actions = el('div.actions');
  const button = el('button.danger', { type: 'button', onclick: use }, t('cancel.do'));

  async function look() {
    const { status, code, body } = await ask(path);
    if (status !== 200) {
      say(said, problemText(code));
      return;
    }
    fill(visits, ...body.visits.map(visitItem));
    fill(actions, button);
  }

  async function use() {
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    say(said, t('wish.asking'));
    const { status, code } = await ask(path, { method: 'POST', key, body: {} });
    set(button, 'aria-disabled', null);
    if (status !== 200 && status !== 202) {
      say(said, problemText(code));
      return;
    }
    fill(actions);
    say(said, status === 200 ? t('done.cancel.text') : t('link.cancelling'));
  }

  look();
  return {
    title: t('link.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('link.title')),
      el('div.pane.stack', {}, visits, said, actions)),
    stop() {},
  };
}

/**
 * When and where.
 * @param {Visit} visit
 */
export function visitItem(visit) {
  return el('li', {}, el('p.when', {}, visitLine(visit)),
    el('p.where', {}, named('span', visit.clinic_name), el('br'),
      named('span.hint', visit.clinic_address)));
}
