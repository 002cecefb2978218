// Which wish is it, for these persons in these slots?

import { moving } from '../talk/moving.js';

/** @typedef {import('./alternatives.js').Offer} Offer */
/** @typedef {import('../talk/shapes.js').Slot} Slot */
/** @typedef {import('../talk/shapes.js').Clinic} Clinic */

/**
 * The visits of an offer, in order: one, or the two of a pair of doses.
 * @param {Offer} offer
 * @returns {{ slot: Slot, clinic: Clinic }[]}
 */
export function visitsOf(offer) {
  return offer.second === undefined ? [offer] : [offer, offer.second];
}

/**
 * What is moved to what is offered; null where it is to be booked. A pair is always booked anew.
 * @param {Offer} offer
 */
export function moved(offer) {
  return offer.second === undefined ? moving() : null;
}

/**
 * To book places there for them; or, while a booking is being moved, to move its persons there.
 * @param {Offer} offer
 * @param {string[]} persons
 * @param {string} hold_id by which the places are kept; empty where none are
 */
export function wanted(offer, persons, hold_id) {
  const now = moved(offer);
  if (now !== null) {
    const slot_id = offer.slot.id;
    return {
      kind: /** @type {const} */ ('move'),
      path: `/bookings/${now.booking}/reschedule`,
      body: { places: [...now.stays, ...now.people.map((one) => ({ ...one, slot_id }))] },
      about: told(offer),
    };
  }
  return {
    kind: /** @type {const} */ ('book'),
    path: '/bookings',
    body: {
      places: persons.flatMap((patient_id) => visitsOf(offer).map(({ slot: { id, dose } }) =>
        ({ slot_id: id, patient_id, ...(dose && { dose }) }))),
      ...(offer.campaign && { campaign_id: offer.campaign.id }),
      ...(hold_id && { hold_id }),
    },
    about: told(offer),
  };
}

/**
 * To move a booking as it was asked, but with what is kept instead of the slot that said no.
 * @param {import('../talk/wishes.js').Wish} before the move that was refused
 * @param {Offer} offer
 */
export function wantedInstead(before, offer) {
  const refused = before.answer?.body?.slot_id;
  const other = visitOf(offer);
  const places = before.body.places.map((/** @type {{ slot_id: string }} */ place) =>
    (place.slot_id === refused ? { ...place, slot_id: offer.slot.id } : place));
  return {
    kind: /** @type {const} */ ('move'),
    path: before.path,
    body: { places, ...(offer.hold && { hold_id: offer.hold.id }) },
    about: before.about.slot_id === refused ? other : { ...before.about, second: other },
  };
}

/** @param {Offer} offer */
function told(offer) {
  const { second } = offer;
  return { ...visitOf(offer), ...(second && { second: visitOf(second) }) };
}

/**
 * What a person needs to be told to know which slot it is.
 * @param {{ slot: Slot, clinic: Clinic }} offer
 * @returns {import('../parts/ticket.js').Visit}
 */
export function visitOf({ slot, clinic }) {
  return {
    slot_id: slot.id,
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
