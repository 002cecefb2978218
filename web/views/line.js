// How far is the line before a campaign, and when is it my turn?

import { el, fill, say } from '../parts/dom.js';
import { drawPane } from '../parts/draw.js';
import { freshness } from '../parts/fresh.js';
import { problemText } from '../parts/problems.js';
import { signInPane } from '../parts/sign-in.js';
import { toFind, toPairs } from '../route.js';
import { hasTwoDoses } from '../talk/campaigns.js';
import { waitAt } from '../talk/line.js';
import { onSession, whoIsHere } from '../talk/session.js';
import { t } from '../words/language.js';
import { capital, clock, dateOf, dayLong } from '../words/times.js';
import { waitWords } from '../words/waits.js';

/** @typedef {import('../talk/line.js').Seen} Seen */

/**
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function lineView(route) {
  const said = el('p.note.line-said', { role: 'status' });
  const place = el('p.line-place');
  const facts = el('p.hint');
  const wait = el('p');
  const few = el('p.wrong', { role: 'status' });
  const wrong = el('p.wrong', { role: 'status' });
  const rest = el('div.stack');
  const fresh = freshness();
  const draw = drawPane();
  const waiting = waitAt(route.campaign, { onLine: show, onProblem: trouble });
  /** @type {Seen | null} */
  let last = null;
  let shown = '';
  let hasLeft = false;
  let areBoth = false;
  hasTwoDoses(route.campaign).then((areTwo) => {
    [areBoth, shown] = [areTwo, ''];
    if (last !== null) offer(last);
  });

  /** @param {Seen} seen */
  function show(seen) {
    last = seen;
    const { room, mine } = seen;
    if (mine !== null) hasLeft = false;
    const ahead = aheadOf(seen);
    say(said, hasLeft ? t('line.left') : words(seen));
    say(place, ahead === null || mine?.place == null ? '' : t('line.place', { n: mine.place }));
    say(facts, ahead === null ? '' : t('line.serving', { n: room.serving, ahead }));
    say(wait, ahead === null || ahead === 0 ? '' : expected(room, ahead));
    say(few, isScarce(seen) ? t('line.few', { n: room.places_left ?? 0 }) : '');
    say(wrong, '');
    document.title = `${titleOf(seen)} · ${t('name')}`;
    fresh.show(room.as_of, '');
    draw.show(seen);
    offer(seen);
  }

  /** @param {Seen} seen */
  function offer(seen) {
    const next = stepOf(seen);
    if (next === shown) return;
    shown = next;
    const { service } = seen.room;
    const href = areBoth ? toPairs(route.campaign, {}) : toFind({ service });
    const join = () => waiting.join();
    const leave = el('button.quiet', { type: 'button', onclick: goAway }, t('line.leave'));
    const steps = {
      none: () => [],
      sign_in: () => [signInPane('h2')],
      join: () => [button('line.join', join), el('p.hint', {}, t('line.same'))],
      wait: () => [el('p.hint', {}, t('line.stays')), el('div.actions', {}, leave)],
      book: () => [el('div.actions', {},
        el('a.button.primary', { href }, t('line.choose')), leave)],
      free: () => [el('a.button.primary', { href }, t('line.choose'))],
    };
    fill(rest, ...steps[next]());
  }

  function goAway() {
    hasLeft = true;
    waiting.leave();
  }

  /** @param {string} code */
  function trouble(code) {
    if (code === 'not_found') say(said, t('line.lost'));
    else if (last === null) say(said, problemText(code));
    else say(wrong, problemText(code));
    fresh.show('', code);
  }

  const stopSession = onSession(() => {
    if (last !== null) offer(last);
  });
  return {
    title: t('line.title'),
    element: el('div.narrow', {},
      el('h1', { tabindex: '-1' }, t('line.title')),
      el('div.pane.stack', {}, said, place, facts, wait, few, wrong, rest, fresh.element),
      draw.element),
    stop() {
      waiting.stop();
      stopSession();
    },
  };
}

/**
 * How it stands, in a sentence.
 * @param {Seen} seen
 */
function words({ room, mine, until }) {
  const draws = moment(room.draws_at);
  if (room.state === 'closed') return t('line.closed');
  if (room.state === 'opens_later') {
    return t('line.opens_later', { at: moment(room.opens_at), draws });
  }
  if (mine === null) {
    return t(room.state === 'gathering' ? 'line.gathering' : 'line.late', { draws });
  }
  if (until !== null) return t('line.turn', { until: here(until) });
  if (mine.place !== null) return t('line.waiting');
  return t(room.state === 'gathering' ? 'line.joined' : 'line.drawing', { draws });
}

/**
 * What somebody can do now.
 * @param {Seen} seen
 */
function stepOf({ room, mine, until }) {
  if (room.state === 'closed') return 'free';
  if (room.state === 'opens_later') return 'none';
  if (whoIsHere() === null) return 'sign_in';
  if (mine === null) return 'join';
  return until === null ? 'wait' : 'book';
}

/**
 * How many stand before them; null where that is not known.
 * @param {Seen} seen
 */
function aheadOf({ room, mine }) {
  if (room.state !== 'serving' || mine === null || mine.place === null) return null;
  return Math.max(0, mine.place - 1 - room.serving);
}

/** @param {Seen} seen */
function isScarce(seen) {
  const { room, until } = seen;
  const ahead = aheadOf(seen);
  return until === null && ahead !== null && room.places_left != null && room.places_left <= ahead;
}

/**
 * @param {import('../talk/line.js').Room} room
 * @param {number} ahead
 */
function expected(room, ahead) {
  return waitWords((ahead + 1) / room.fast, room.slow === null ? null : (ahead + 1) / room.slow);
}

/** @param {Seen} seen */
function titleOf(seen) {
  if (seen.until !== null) return t('line.title_turn');
  const ahead = aheadOf(seen);
  return ahead === null ? t('line.title') : t('line.title_ahead', { n: ahead });
}

/**
 * A moment on the clock of whoever looks.
 * @param {string} instant
 */
function moment(instant) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return `${capital(dayLong(dateOf(instant, timeZone)))}, ${here(instant)}`;
}

/** @param {string} instant */
function here(instant) {
  return clock(instant, Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/**
 * @param {string} name
 * @param {() => void} onclick
 */
function button(name, onclick) {
  return el('button.primary', { type: 'button', onclick }, t(name));
}
