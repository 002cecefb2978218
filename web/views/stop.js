// How does somebody stop messages like the one they have before them, without signing in?

import { el, fill, say, set } from '../parts/dom.js';
import { problemText } from '../parts/problems.js';
import { ask } from '../talk/api.js';
import { t } from '../words/language.js';

/**
 * Looking stops nothing: only the button does.
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function stopView(route) {
  const path = `/unsubscribe/${encodeURIComponent(route.token)}`;
  const said = el('p.note', { role: 'status' });
  const actions = el('div.actions');
  const button = el('button.primary', { type: 'button', onclick: stopThem }, t('stop.do'));

  async function look() {
    const { status, code, body } = await ask(path);
    say(said, status === 200 ? t(`stop.ask.${body.kind}`) : problemText(code));
    if (status === 200) fill(actions, button);
  }

  async function stopThem() {
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    say(said, t('wish.asking'));
    const { status, code, body } = await ask(path, { method: 'POST', body: {} });
    set(button, 'aria-disabled', null);
    if (status === 200) fill(actions);
    set(said, 'data-tone', status === 200 ? 'good' : 'bad');
    say(said, status === 200 ? t(`stop.said.${body.kind}`) : problemText(code));
  }

  look();
  return {
    title: t('stop.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('stop.title')),
      el('div.pane.stack', {}, said, actions)),
    stop() {},
  };
}
