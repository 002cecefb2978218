// How does the page say as of when something is so?

import { t } from '../words/language.js';
import { second } from '../words/times.js';
import { el, say, set } from './dom.js';

/**
 * A line that is not announced, since it changes every second.
 * @returns {{ element: HTMLElement, show: (asOf: string, code: string) => void }}
 */
export function freshness() {
  // Before it is known, the line is there unseen and as wide as it will be.
  const time = el('time', {}, '00:00:00');
  const words = el('span', {}, `${t('fresh.as_of')} `, time);
  const trouble = el('span.trouble');
  const pulse = el('span.pulse', { 'aria-hidden': 'true' });
  const element = el('p.fresh', { 'data-state': 'waiting' }, pulse, words, trouble);
  let last = '';
  return {
    element,
    show(asOf, code) {
      if (asOf !== '' && code === '') last = asOf;
      words.hidden = last === '';
      if (last !== '') {
        set(time, 'datetime', last);
        say(time, second(last));
      }
      say(trouble, code === '' ? '' : t(troubleText(code)));
      set(element, 'data-state', code === '' ? 'fresh' : 'stale');
    },
  };
}

/** @param {string} code */
function troubleText(code) {
  if (code === 'offline') return 'fresh.offline';
  return 'fresh.trying';
}
