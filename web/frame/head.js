// What stands at the top of every page?

import { el, say, set } from '../parts/dom.js';
import { isOneOf, onSession, signOut, whoIsHere } from '../talk/session.js';
import { LANGUAGES, spoken, t } from '../words/language.js';

const ID_DIGITS = 6;
const VIEWS = /** @type {const} */ (
  ['find', 'bookings', 'messages', 'contacts', 'told', 'unknown']);
const ADDRESSES = {
  find: '#/',
  bookings: '#/bookings',
  messages: '#/messages',
  contacts: '#/contacts',
  told: '#/told',
  unknown: '#/unknown',
};
/** Who is shown the way there; whom Talon lets in is not said here. */
const STAFF = { told: ['front_desk', 'clinic_manager', 'operator'], unknown: ['operator'] };

/** @typedef {import('../words/language.js').Language} Language */

/**
 * The name, the ways, the languages, and who is signed in.
 * @param {(language: Language) => void} onLanguage
 */
export function head(onLanguage) {
  const brand = el('a.brand', { href: '#/' });
  const ways = VIEWS.map((view) => el('a', { href: ADDRESSES[view] }));
  const nav = el('nav', {}, ...ways);
  const languages = el('div.languages', { role: 'group' },
    ...Object.entries(LANGUAGES).map(([language, { name }]) => el('button.quiet', {
      type: 'button', lang: language, 'aria-label': name, 'data-language': language,
      onclick: () => onLanguage(/** @type {Language} */ (language)),
    }, language.toUpperCase())));
  const person = el('span.person-here');
  const leave = el('button.quiet', { type: 'button', onclick: signOut });
  const element = el('div.head-row', {}, brand, nav,
    el('div.head-end', {}, el('div.signed-in', {}, person, leave), languages));

  /** @param {string} [view] */
  function show(view) {
    say(brand, t('name'));
    set(nav, 'aria-label', t('nav.label'));
    set(languages, 'aria-label', t('language.label'));
    ways.forEach((way, nth) => {
      say(way, t(`nav.${VIEWS[nth]}`));
      if (view !== undefined) set(way, 'aria-current', isAt(VIEWS[nth], view) ? 'page' : null);
    });
    for (const button of languages.children) {
      set(button, 'aria-pressed', String(button.getAttribute('data-language') === spoken()));
    }
    const here = whoIsHere();
    for (const [view, roles] of Object.entries(STAFF)) {
      ways[VIEWS.indexOf(/** @type {'told'} */ (view))].hidden = !isOneOf(roles);
    }
    const isStaff = isOneOf(STAFF.told);
    set(nav, 'data-staff', isStaff);
    const number = here?.id.slice(-ID_DIGITS) ?? '';
    say(person, here === null ? '' : isStaff ? t('person.staff') : t('person.here', { number }));
    say(leave, t('sign_in.leave'));
    leave.hidden = here === null;
  }

  onSession(() => show());
  return { element, show };
}

/**
 * @param {string} way
 * @param {string} view
 */
function isAt(way, view) {
  return way === view || (way === 'find' && ['clinic', 'pairs'].includes(view));
}
