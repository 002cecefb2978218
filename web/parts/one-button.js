// What does a page look like that a link leads to, on which there is one thing to do?

import { el, fill, named, say, set } from './dom.js';
import { problemText } from './problems.js';
import { visitLine } from './ticket.js';
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
 * @typedef {object} Found
 * @property {Visit[]} [visits]  what it is about
 * @property {string} [said]     what is said of it already
 * @property {boolean} ready     whether there is anything to do
 */

/**
 * Looking does nothing: only the button does.
 * @param {object} about
 * @param {string} about.title
 * @param {string} about.label
 * @param {'primary' | 'danger'} [about.kind]
 * @param {string} about.path
 * @param {object} about.wish  how the button asks, as `ask` takes it
 * @param {(body: any) => Found} about.found
 * @param {(status: number, body: any) => string | null} about.done  what is said then; null for
 *   what is not done
 * @param {boolean} [about.toned]  whether it looks good or bad
 * @returns {import('../app.js').View}
 */
export function oneButton(about) {
  const { title, label, kind = 'primary', path, wish, found, done, toned = true } = about;
  const said = el('p.note', { role: 'status' });
  const actions = el('div.actions');
  const button = el(`button.${kind}`, { type: 'button', onclick: press }, label);

  const pane = el('div.pane.stack', {}, said, actions);

  async function look() {
    const { status, code, body } = await ask(path);
    if (status !== 200) {
      say(said, problemText(code));
      return;
    }
    const seen = found(body);
    if (seen.visits) pane.prepend(el('ul', {}, ...seen.visits.map(visitItem)));
    if (seen.said) say(said, seen.said);
    if (seen.ready) fill(actions, button);
  }

  async function press() {
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(button, 'aria-disabled', 'true');
    say(said, t('wish.asking'));
    const { status, code, body } = await ask(path, wish);
    set(button, 'aria-disabled', null);
    const text = done(status, body);
    if (text !== null) fill(actions);
    if (toned) set(said, 'data-tone', text !== null ? 'good' : 'bad');
    say(said, text ?? problemText(code));
  }

  look();
  return {
    title,
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, title), pane),
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
