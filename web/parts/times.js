// At which time of the day, and how many places has it?

import { t } from '../words/language.js';
import { clock, hour, span } from '../words/times.js';
import { announce } from './announce.js';
import { el, keyed, say, set } from './dom.js';

const NOON = 12;
const EVENING = 17;
const LONG_MS = 3_600_000;
const NEWS_MS = 8_000;

/** @typedef {import('../talk/shapes.js').Slot} Slot */
/** @typedef {'morning' | 'afternoon' | 'evening'} Part */

/**
 * The times of a day. One that fills while it is looked at says so, and stays where it is.
 * @param {string} zone
 * @param {(slot: Slot, opener: HTMLElement) => void} onChoice
 */
export function times(zone, onChoice) {
  const element = el('div.times');
  /** @type {Map<string, { slot: Slot, news: string, at: number }>} */
  const seen = new Map();
  /** @type {Map<string, unknown>} */
  let mine = new Map();

  /**
   * @param {Slot[]} slots
   * @param {Map<string, unknown>} [held] what is kept for whoever looks, by slot
   */
  function show(slots, held = mine) {
    mine = held;
    for (const slot of slots) notice(slot);
    const parts = /** @type {Part[]} */ (['morning', 'afternoon', 'evening'])
      .map((part) => ({ part, slots: slots.filter((slot) => partOf(slot) === part) }))
      .filter((group) => group.slots.length > 0);
    keyed(element, parts, {
      key: (group) => group.part,
      make: (group) => el('section', {}, el('h3', {}, t(`times.${group.part}`)), el('ul.slots')),
      update: (section, group) => keyed(section.lastElementChild, group.slots, {
        key: (slot) => slot.id, make, update,
      }),
    });
  }

  /** @param {Slot} slot */
  function notice(slot) {
    const before = seen.get(slot.id);
    const now = Date.now();
    let news = before !== undefined && now - before.at < NEWS_MS ? before.news : '';
    let at = before?.at ?? 0;
    if (before !== undefined && isFree(before.slot) !== isFree(slot)) {
      [news, at] = [isFree(slot) ? 'freed' : 'filled', now];
      tell(slot, news);
    }
    seen.set(slot.id, { slot, news, at });
  }

  /**
   * @param {Slot} slot
   * @param {string} news
   */
  function tell(slot, news) {
    announce(t(`times.${news}`, { time: clock(slot.starts_at, zone) }));
  }

  /** @param {Slot} slot */
  function make(slot) {
    const button = el('button.slot', { type: 'button' });
    const facts = about(slot);
    button.append(when(slot), el('span.places'), ...(facts ? [el('span.about', {}, facts)] : []));
    button.addEventListener('click', () => {
      const now = seen.get(slot.id)?.slot ?? slot;
      if (isFree(now) || mine.has(now.id)) onChoice(now, button);
    });
    return el('li', {}, button);
  }

  /**
   * @param {HTMLElement} item
   * @param {Slot} slot
   */
  function update(item, slot) {
    const button = /** @type {HTMLElement} */ (item.firstElementChild);
    const news = seen.get(slot.id)?.news ?? '';
    const isMine = mine.has(slot.id);
    const said = isMine ? t('slot.mine') : places(slot, news);
    say(/** @type {Element} */ (button.querySelector('.places')), said);
    set(button, 'aria-disabled', isMine || isFree(slot) ? null : 'true');
    set(button, 'data-mine', isMine);
    set(button, 'data-news', news || null);
  }

  /** @param {Slot} slot */
  function when(slot) {
    const isLong = Date.parse(slot.ends_at) - Date.parse(slot.starts_at) > LONG_MS;
    const said = isLong ? span(slot, zone) : clock(slot.starts_at, zone);
    const time = el('time.clock', { datetime: slot.starts_at }, said);
    time.classList.toggle('long', isLong);
    return time;
  }

  /** @param {Slot} slot */
  function partOf(slot) {
    const began = hour(slot.starts_at, zone);
    if (began < NOON) return 'morning';
    return began < EVENING ? 'afternoon' : 'evening';
  }

  return { element, show };
}

/**
 * Whether somebody could be booked into it now.
 * @param {Slot} slot
 */
export function isFree(slot) {
  return slot.status === 'free' && slot.free > 0 && !isCutOff(slot);
}

/**
 * Whether it is too late to book it, by a clock that may be wrong: who asks is told for certain.
 * @param {Slot} slot
 */
function isCutOff(slot) {
  return Date.parse(slot.bookable_until) <= Date.now();
}

/**
 * How many places are free, in words.
 * @param {Slot} slot
 * @param {string} news
 */
function places(slot, news) {
  if (isFree(slot)) return t('slot.free', { n: slot.free });
  if (slot.status === 'busy-unavailable') return t('slot.closed');
  if (isCutOff(slot)) return t('slot.cut_off');
  if (news === 'filled') return t('slot.just_filled');
  return t(slot.status === 'busy-tentative' ? 'slot.held' : 'slot.full');
}

/**
 * What the slot is for, where it says so: a product, a dose.
 * @param {{ product?: string, dose?: number | null }} slot
 */
export function about(slot) {
  const product = slot.product ? t('slot.product', { product: slot.product }) : '';
  const dose = slot.dose ? t('slot.dose', { dose: slot.dose }) : '';
  return [product, dose].filter(Boolean).join(', ');
}
