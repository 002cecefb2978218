// When is it my turn in a telemedicine visit, for somebody who was sent the link to it?

import { el, fill, named, say, set } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { problemText } from '../parts/problems.js';
import { visitLine } from '../parts/ticket.js';
import { attend } from '../talk/visit.js';
import { t } from '../words/language.js';
import { clock, zoneNote } from '../words/times.js';

/** @typedef {import('../talk/visit.js').Line} Line */

/**
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function visitView(route) {
  const when = el('div');
  const said = el('p.note', { role: 'status' });
  const place = el('p.place');
  const turn = el('p.turn');
  const actions = el('div.actions');
  const fresh = freshness();
  const ready = el('button.primary', { type: 'button', onclick: beReady }, t('visit.ready'));
  const again = el('a.button', { href: '#/' }, t('nowhere.find'));
  const visiting = attend(route.token, { onLine: show, onProblem: trouble });
  let shown = '';

  function beReady() {
    set(ready, 'aria-disabled', true);
    visiting.ready();
  }

  /** @param {Line} line */
  function show(line) {
    const { visit, turn: mine } = line;
    if (shown === '') fill(when, ...whenAndWhere(visit));
    say(said, words(line));
    say(place, mine === null ? '' : t('visit.place', { n: mine.place }));
    say(turn, mine === null ? '' : expected(mine, visit.time_zone));
    fresh.show(line.as_of, '');
    const button = buttonFor(line);
    if (button !== shown) {
      fill(actions, button === 'ready' && ready, button === 'again' && again);
      shown = button;
    }
  }

  /** @param {string} code */
  function trouble(code) {
    if (code === 'link_gone') say(said, problemText(code));
    else if (said.textContent === '') say(said, problemText(code));
    fresh.show('', code);
  }

  return {
    title: t('link.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('link.title')),
      el('div.pane.stack', {}, when, said, place, turn, actions, fresh.element,
        el('p.hint', {}, t('visit.no_room')))),
    stop: visiting.stop,
  };
}

/** @param {Line['visit']} visit */
function whenAndWhere(visit) {
  const note = zoneNote(visit.starts_at, visit.time_zone);
  return [
    el('p.when', {}, el('time', { datetime: visit.starts_at }, visitLine(visit))),
    note && el('p.hint', {}, note),
    el('p.where', {}, named('span', visit.clinic_name), el('br'),
      named('span.hint', visit.clinic_address)),
  ];
}

/**
 * How it stands, in a sentence.
 * @param {Line} line
 */
function words(line) {
  const { visit, window, status, by_phone: byPhone } = line;
  if (status === 'noshow') return t(`visit.noshow_${line.noshow_by}`);
  if (status === 'ended' || status === 'cancelled') return t(`visit.${status}`);
  if (byPhone) return t('visit.by_phone');
  if (status === 'admitted') return t('visit.admitted');
  if (window === 'early') return t('visit.early', { time: clock(line.opens_at, visit.time_zone) });
  if (window === 'over') return t('visit.over');
  return status === 'waiting' ? t('visit.waiting') : t('visit.arrived');
}

/**
 * Between when and when it is to be their turn.
 * @param {{ earliest: string, latest: string }} turn
 * @param {string} zone
 */
function expected(turn, zone) {
  const [from, to] = [clock(turn.earliest, zone), clock(turn.latest, zone)];
  return from === to ? t('visit.turn_at', { from }) : t('visit.turn', { from, to });
}

/** @param {Line} line */
function buttonFor(line) {
  const isOver = ['ended', 'noshow', 'cancelled'].includes(line.status);
  if (isOver || (line.window === 'over' && line.status !== 'admitted')) return 'again';
  const waits = line.window === 'open' && ['booked', 'arrived'].includes(line.status);
  return waits && !line.by_phone ? 'ready' : 'none';
}
