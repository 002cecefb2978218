// Which wish is it, for these persons in this slot?

import { moving } from '../talk/moving.js';

/** @typedef {import('./alternatives.js').Offer} Offer */

/**
 * To book places there for them; or, while a booking is being moved, to move its persons there.
 * @param {Offer} offer
 * @param {string[]} persons
 * @param {string} hold_id by which the places are kept; empty where none are
 */
export function wanted(offer, persons, hold_id) {
  const slot_id = offer.slot.id;
  const moved = moving();
  if (moved !== null) {
    return {
      kind: /** @type {const} */ ('move'),
      path: `/bookings/${moved.booking}/reschedule`,
      body: { places: [...moved.stays, ...moved.people.map((one) => ({ ...one, slot_id }))] },
      about: visitOf(offer),
    };
  }
  const dose = offer.slot.dose ? { dose: offer.slot.dose } : {};
  return {
    kind: /** @type {const} */ ('book'),
    path: '/bookings',
    body: {
      places: persons.map((patient_id) => ({ slot_id, patient_id, ...dose })),
      ...(hold_id && { hold_id }),
    },
    about: visitOf(offer),
  };
}

/**
 * What a person needs to be told to know which slot it is.
 * @param {Offer} offer
 * @returns {import('../parts/ticket.js').Visit}
 */
export function visitOf({ slot, clinic }) {
  return {
    service: slot.service,
    product: slot.product,
    dose: slot.dose,
    starts_at: slot.starts_at,
    ends_at: slot.ends_at,
    clinic_name: clinic.name,
    clinic_address: clinic.address,
    time_zone: clinic.time_zone,
  };
}
