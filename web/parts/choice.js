// Which service is wanted?

import { SERVICES, serviceName } from '../services.js';
import { t } from '../words/language.js';
import { el } from './dom.js';

/**
 * A choice of one service, by arrow keys or by touch.
 * @param {string} chosen
 * @param {(service: string) => void} onChoice
 * @returns {HTMLElement}
 */
export function serviceChoice(chosen, onChoice) {
  const offered = SERVICES.includes(chosen) ? SERVICES : [...SERVICES, chosen];
  return el('fieldset.choice', {}, el('legend', {}, t('find.service')), el('div.segments', {},
    ...offered.map((service) => {
      const input = el('input.unseen', {
        type: 'radio', name: 'service', value: service, checked: service === chosen,
        onchange: () => onChoice(service),
      });
      return el('label.segment', {}, input, el('span', {}, serviceName(service)));
    })));
}
