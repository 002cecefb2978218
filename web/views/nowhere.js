// What does somebody see who came by a wrong address?

import { el } from '../parts/dom.js';
import { t } from '../words/language.js';

/** @returns {import('../app.js').View} */
export function nowhereView() {
  return {
    title: t('nowhere.title'),
    element: el('div.narrow', {}, el('h1', { tabindex: '-1' }, t('nowhere.title')),
      el('p', {}, el('a.button', { href: '#/' }, t('nowhere.find')))),
    stop() {},
  };
}
