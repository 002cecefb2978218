// How does somebody who was reminded of a visit take another time, without signing in?

import { days } from '../parts/days.js';
import { el, fill, say, set } from '../parts/dom.js';
import { visitItem } from '../parts/one-button.js';
import { problemText } from '../parts/problems.js';
import { times } from '../parts/times.js';
import { ask, asking, read } from '../talk/api.js';
import { t } from '../words/language.js';
import { capital, clock, dateOf, dayLong, twoWeeksFrom } from '../words/times.js';

const PAGE = 100;

/** @typedef {import('../talk/shapes.js').Slot} Slot */

/**
 * Looking moves nothing: only the last button does.
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function otherTimeView(route) {
  const path = `/links/${encodeURIComponent(route.token)}/time`;
  const visits = el('ul');
  const said = el('p.note', { role: 'status' });
  const calendar = el('div.stack', { hidden: true });
  const actions = el('div.actions');
  /** @type {AbortController | undefined} */
  let asked;

  async function look() {
    const { status, code, body } = await ask(path);
    if (status !== 200) {
      say(said, problemText(code));
      return;
    }
    fill(visits, ...body.visits.map(visitItem));
    await showDays(body);
  }

  /** @param {{ clinic_id: string, service: string, visits: any[] }} about */
  async function showDays({ clinic_id: clinic, service, visits: [visit] }) {
    const zone = visit.time_zone;
    const fortnight = twoWeeksFrom(dateOf(Date.now(), zone));
    const [from, to] = [fortnight[0], fortnight[fortnight.length - 1]];
    const where = asking('/availability', { service, from, to, clinic });
    const { status, code, body } = await read(where);
    if (status !== 200) {
      say(said, problemText(code));
      return;
    }
    const open = body.clinics[0]?.days ?? [];
    const chosen = times(zone, (slot) => offer(slot, zone));
    const choice = days((date) => showTimes(chosen, { clinic, service, date }));
    choice.show(fortnight, open, '');
    fill(calendar, el('h2', {}, t('other_time.choose')), choice.element, chosen.element);
    calendar.hidden = false;
  }

  /**
   * @param {ReturnType<typeof times>} chosen
   * @param {{ clinic: string, service: string, date: string }} day
   */
  async function showTimes(chosen, day) {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    fill(actions);
    const where = asking('/slots', { ...day, limit: PAGE });
    const { status, code, body } = await read(where, { signal });
    if (signal.aborted) return;
    const coming = status === 200
      ? body.slots.filter((/** @type {Slot} */ slot) => Date.parse(slot.starts_at) > Date.now())
      : [];
    chosen.show(coming);
    const none = status === 200 ? t('times.none') : problemText(code);
    say(said, coming.length === 0 ? none : '');
  }

  /**
   * @param {Slot} slot
   * @param {string} zone
   */
  function offer(slot, zone) {
    // The same name however often the button is pressed: it is one wish.
    const key = crypto.randomUUID();
    const time = clock(slot.starts_at, zone);
    const day = dayLong(dateOf(slot.starts_at, zone));
    const button = el('button.primary', { type: 'button', onclick: take },
      t('other_time.take', { day, time }));
    fill(actions, button);
    button.focus();

    async function take() {
      if (button.getAttribute('aria-disabled') === 'true') return;
      set(button, 'aria-disabled', 'true');
      say(said, t('wish.asking'));
      const wish = { method: /** @type {const} */ ('POST'), key, body: { slot_id: slot.id } };
      const { status, code, body } = await ask(path, wish);
      set(button, 'aria-disabled', null);
      if (status !== 200 && status !== 202) {
        say(said, problemText(code));
        return;
      }
      fill(actions);
      calendar.hidden = true;
      fill(visits, ...body.visits.map(visitItem));
      set(said, 'data-tone', 'good');
      const moved = capital(t('other_time.moved', { day, time }));
      say(said, status === 200 ? moved : t('other_time.moving'));
    }
  }

  look();
  return {
    title: t('other_time.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('other_time.title')),
      el('div.pane.stack', {}, visits, calendar, said, actions)),
    stop() {
      asked?.abort();
    },
  };
}
