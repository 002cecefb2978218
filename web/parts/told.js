// How is it shown what somebody was told, by what, and what became of it?

import { has, t } from '../words/language.js';
import { capital, clock, dateOf, dayLong, moment, zoneNote } from '../words/times.js';
import { el, fill, keyed, named, set } from './dom.js';

/** @typedef {import('../talk/shapes.js').Telling} Telling */
/** @typedef {import('../talk/messages.js').Told} Told */

/** How each fate is to be taken; of the others nothing needs to be thought. */
const TONES = { delivered: 'good', failed: 'bad', unknown: 'unsure' };

/**
 * A card for each; one that has not changed is left alone.
 * @param {HTMLElement} list
 * @param {Told[]} told
 */
export function showTold(list, told) {
  keyed(list, told, {
    key: ({ id }) => id,
    make: () => el('li.card.told', { tabindex: '-1' }),
    update(item, one) {
      const version = JSON.stringify(one.tries);
      if (item.getAttribute('data-version') === version) return;
      set(item, 'data-version', version);
      fill(item, ...toldParts(one));
    },
  });
}

/**
 * What was told, and each channel that was tried.
 * @param {Told} told
 * @returns {(HTMLElement | false)[]}
 */
function toldParts({ what, tries }) {
  const list = el('ol.tries', { 'aria-label': t('messages.tries') }, ...tries.map(attempt));
  return [...toldWhat(what), list];
}

/**
 * What it was about, and which visits.
 * @param {Telling} what
 * @returns {(HTMLElement | false)[]}
 */
export function toldWhat(what) {
  const visits = once(what.visits);
  return [
    el('h2', {}, headline(what)),
    what.tells === 'Announced' && named('p', what.said),
    visits.length > 0 && el('ul.told-visits', {}, ...visits.map(visit)),
  ];
}

/**
 * What it is about, in the words of the page; where it has none, in those of the message.
 * @param {Telling} what
 */
export function headline({ tells, kind, said }) {
  const name = [`told.${kind}.${tells}`, `told.${tells}`].find(has);
  return name === undefined ? said : t(name);
}

/**
 * Two people at the same time and place are told of one visit.
 * @param {import('../talk/shapes.js').ToldVisit[]} visits
 */
function once(visits) {
  return [...new Map(visits.map((one) => [JSON.stringify(one), one])).values()];
}

/** @param {import('../talk/shapes.js').ToldVisit} visit */
function visit({ starts_at: at, time_zone: zone, clinic_name: clinic, freed }) {
  const when = `${capital(dayLong(dateOf(at, zone)))}, ${clock(at, zone)}`;
  const note = zoneNote(at, zone);
  return el('li', { 'data-freed': freed },
    freed && el('span.unseen', {}, `${t('messages.freed')} `),
    el('time', { datetime: at }, when), ' ', named('span.hint', clinic),
    note && el('p.hint', {}, note));
}

/** @param {Telling} telling */
function attempt(telling) {
  const { channel, fate } = telling;
  const at = telling.settled_at ?? telling.written_at;
  const own = `fate.${channel}.${fate}`;
  const more = `fate_more.${fate}`;
  return el('li', { 'data-tone': TONES[/** @type {keyof typeof TONES} */ (fate)] ?? 'plain' },
    el('span.by', {}, t(`channel.${channel}`)), ' ',
    el('span.fate', {}, t(has(own) ? own : `fate.${fate}`)), ' ',
    el('time.hint', { datetime: at }, moment(at)),
    has(more) && el('p.hint', {}, t(more)),
    telling.perhaps_again && el('p.hint', {}, t('messages.again')));
}
