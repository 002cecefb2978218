// Which other times are offered to whoever was refused?

import { read } from '../talk/api.js';
import { clinicOf } from '../talk/clinics.js';
import { el, named } from '../parts/dom.js';
import { t } from '../words/language.js';
import { clock, dateOf, dayShort } from '../words/times.js';

/** @typedef {import('../talk/shapes.js').Alternative} Alternative */
/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../talk/shapes.js').Slot} Slot */
/** @typedef {{ slot: Slot, clinic: Clinic }} Offer */

/**
 * A list of buttons, one for each alternative.
 * @param {Alternative[]} alternatives
 * @param {(offer: Offer) => void} onChoice
 * @returns {HTMLElement}
 */
export function alternativeChoice(alternatives, onChoice) {
  const list = el('ul.alternatives');
  const said = el('p.hint', { role: 'status' });
  for (const near of alternatives) {
    const item = el('li');
    list.append(item);
    clinicOf(near.clinic_id).then(({ clinic }) => clinic && item.append(button(near, clinic)));
  }

  /**
   * @param {Alternative} near
   * @param {Clinic} clinic
   */
  function button(near, clinic) {
    const date = dateOf(near.starts_at, clinic.time_zone);
    return el('button.offer', { type: 'button', onclick: () => take(near, clinic) },
      el('time', { datetime: near.starts_at },
        `${dayShort(date)}, ${clock(near.starts_at, clinic.time_zone)}`),
      named('span', clinic.name),
      el('span.places', {}, t('slot.free', { n: near.free })));
  }

  /**
   * @param {Alternative} near
   * @param {Clinic} clinic
   */
  async function take(near, clinic) {
    const { status, body } = await read(`/slots/${near.slot_id}`);
    if (status === 200) onChoice({ slot: body, clinic });
    else said.textContent = t('alternatives.lost');
  }

  return el('section.stack', {}, el('h3', {}, t('alternatives.title')), list, said);
}
