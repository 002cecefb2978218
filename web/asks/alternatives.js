// Which other times are offered to whoever was refused?

import { read } from '../talk/api.js';
import { clinicOf } from '../talk/clinics.js';
import { mind } from '../talk/holds.js';
import { countdown } from '../parts/countdown.js';
import { el, named } from '../parts/dom.js';
import { t } from '../words/language.js';
import { clock, dateOf, dayShort } from '../words/times.js';

/** @typedef {import('../talk/shapes.js').Alternative} Alternative */
/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../talk/shapes.js').Slot} Slot */
/** @typedef {import('../talk/holds.js').Hold} Hold */

/**
 * @typedef {object} Offer what may be booked, or moved to
 * @property {Slot} slot
 * @property {Clinic} clinic
 * @property {Hold} [hold] what is kept of it already
 * @property {{ slot: Slot, clinic: Clinic }} [second] where it is a pair of doses, the second one
 * @property {import('../talk/campaigns.js').Campaign} [campaign] of the pair
 */

/**
 * A list of buttons, one for each alternative; of what is kept it says for how long still.
 * @param {Alternative[]} alternatives
 * @param {{ at: number, seats: number, title: string }} refused when that was, for how many in the
 *   slot that said no, and what the list is called
 * @param {(offer: Offer) => void} onChoice
 * @returns {HTMLElement}
 */
export function alternativeChoice(alternatives, { at, seats, title }, onChoice) {
  const list = el('ul.alternatives');
  const said = el('p.hint', { role: 'status' });
  const skew = Date.now() - at;
  for (const near of alternatives) {
    if (near.hold_id) mind(near.hold_id);
    const item = el('li');
    list.append(item);
    const hold = heldOf(near);
    clinicOf(near.clinic_id).then(({ clinic }) => {
      if (clinic === null) return;
      item.append(button(near, clinic), ...(hold ? [countdown(hold.until)] : []));
    });
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
      el('span.places', {}, near.hold_id ? t('slot.mine') : t('slot.free', { n: near.free })));
  }

  /**
   * @param {Alternative} near
   * @param {Clinic} clinic
   */
  async function take(near, clinic) {
    const { status, body } = await read(`/slots/${near.slot_id}`);
    if (status === 200) onChoice({ slot: body, clinic, hold: heldOf(near) });
    else said.textContent = t('alternatives.lost');
  }

  /** @param {Alternative} near */
  function heldOf(near) {
    if (!near.hold_id || !near.expires_at) return undefined;
    const until = Date.parse(near.expires_at) + skew;
    return { id: near.hold_id, slots: near.slot_id, seats, until, renewed: false };
  }

  return el('section.stack', {}, el('h3', {}, title), list, said);
}
