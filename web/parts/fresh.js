// How does the page say as of when something is so?

import { t } from '../words/language.js';
import { second } from '../words/times.js';
import { el, fill, say, set } from './dom.js';

/**
 * A line that is not announced, since it changes every second.
 * @returns {{ element: HTMLElement, show: (asOf: string, code: string) => void }}
 */
export function freshness() {
  const time = el('time');
  const trouble = el('span.trouble');
  const words = el('span');
  const element = el('p.fresh', {}, el('span.pulse', { 'aria-hidden': 'true' }), words, trouble);
  let last = '';
  return {
    element,
    show(asOf, code) {
      if (asOf !== '' && code === '') last = asOf;
      if (last === '') say(words, code === '' ? t('fresh.loading') : '');
      else if (time.parentElement === null) fill(words, `${t('fresh.as_of')} `, time);
      if (last !== '') {
        set(time, 'datetime', last);
        say(time, second(last));
      }
      say(trouble, code === '' ? '' : `${last === '' ? '' : ' · '}${t(troubleText(code))}`);
      set(element, 'data-state', code === '' ? 'fresh' : 'stale');
    },
  };
}

/** @param {string} code */
function troubleText(code) {
  if (code === 'offline') return 'fresh.offline';
  return 'fresh.trying';
}
