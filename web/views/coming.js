// How does somebody say that they come to the visit they were reminded of, without signing in?

import { el, fill, say, set } from '../parts/dom.js';
import { problemText } from '../parts/problems.js';
import { ask } from '../talk/api.js';
import { t } from '../words/language.js';
import { visitItem } from './link.js';

/**
 * Looking says nothing: only the button does.
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function comingView(route) {
  const path = `/links/${encodeURIComponent(route.token)}/coming`;
  const said = el('p.note', { role: 'status' });
  const visits = el('ul');
  const actions = el('div.actions');
  const button = el('button.primary', { type: 'button', onclick: come }, t('coming.do'));

  async function look() {
    const { status, code, body } = await ask(path);
    if (status !== 200) {
      say(said, problemText(code));
      return;
    }
    fill(visits, ...body.visits.map(visitItem));
    if (body.status === 'coming') say(said, t('coming.said'));
    else fill(actions, button);
  }

  async function come() {
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    say(said, t('wish.asking'));
    const { status, code } = await ask(path, { method: 'PUT', body: {} });
    set(button, 'aria-disabled', null);
    if (status === 200) fill(actions);
    set(said, 'data-tone', status === 200 ? 'good' : 'bad');
    say(said, status === 200 ? t('coming.said') : problemText(code));
  }

  look();
  return {
    title: t('coming.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('coming.title')),
      el('div.pane.stack', {}, visits, said, actions)),
    stop() {},
  };
}
