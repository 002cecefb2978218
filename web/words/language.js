// In which language does the page speak?

/** What each of our languages calls itself, and the tag by which `Intl` knows it. */
export const LANGUAGES = {
  ru: { name: 'Русский', tag: 'ru-RU' },
  en: { name: 'English', tag: 'en-GB' },
};

/** What is said of a language in which file: most, and what not everybody comes to. */
const PARTS = ['', '-device', '-line', '-messages', '-problems', '-wishes'];
const KEPT = 'talon.language';

/** @typedef {keyof typeof LANGUAGES} Language */
/** @typedef {string | Record<string, string>} Text one text, or one for each plural form */
/** @typedef {Record<string, string | number>} Facts what a text's {gaps} are filled with */

/** @type {Record<string, Text>} */
let texts = {};
/** @type {Language} */
let language = 'en';
let plurals = new Intl.PluralRules(LANGUAGES.en.tag);
let numbers = new Intl.NumberFormat(LANGUAGES.en.tag);

/** The language that was chosen here before; else the first of the browser's that we speak. */
export function preferred() {
  const wanted = [localStorage.getItem(KEPT), ...navigator.languages];
  for (const tag of wanted) {
    const short = (tag ?? '').slice(0, 2).toLowerCase();
    if (isOurs(short)) return short;
  }
  return 'en';
}

/**
 * Speak this language from now on.
 * @param {Language} wanted
 */
export async function speak(wanted) {
  const parts = await Promise.all(PARTS.map((part) => import(`../texts/${wanted}${part}.js`)));
  texts = Object.assign({}, ...parts.map((part) => part.default));
  language = wanted;
  plurals = new Intl.PluralRules(LANGUAGES[wanted].tag);
  numbers = new Intl.NumberFormat(LANGUAGES[wanted].tag);
  document.documentElement.lang = wanted;
}

/**
 * Remember the choice on this device. It says nothing about the person.
 * @param {Language} chosen
 */
export function remember(chosen) {
  localStorage.setItem(KEPT, chosen);
}

/** The language that is spoken. */
export function spoken() {
  return language;
}

/** The tag for `Intl`. */
export function locale() {
  return LANGUAGES[language].tag;
}

/**
 * The text of this name, its gaps filled. Which plural form it takes is decided by the fact `n`.
 * @param {string} name
 * @param {Facts} [facts]
 */
export function t(name, facts = {}) {
  const text = texts[name];
  if (text === undefined) throw new Error(`no text is called ${name}`);
  const form = typeof text === 'string' ? text : text[plurals.select(Number(facts.n))];
  return form.replace(/\{(\w+)\}/g, (_, gap) => said(facts[gap]));
}

/**
 * Whether there is a text of this name.
 * @param {string} name
 */
export function has(name) {
  return name in texts;
}

/** @param {string | number} fact */
function said(fact) {
  return typeof fact === 'number' ? numbers.format(fact) : fact;
}

/**
 * @param {string} tag
 * @returns {tag is Language}
 */
function isOurs(tag) {
  return tag in LANGUAGES;
}
