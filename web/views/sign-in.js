// What does somebody see who must sign in first?

import { signInPane } from '../parts/sign-in.js';
import { el } from '../parts/dom.js';
import { t } from '../words/language.js';

/** @returns {import('../app.js').View} */
export function signInView() {
  return { title: t('sign_in.title'), element: el('div.narrow', {}, signInPane('h1')), stop() {} };
}
