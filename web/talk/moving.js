// Which booking is being moved to another time?

const KEPT = 'talon.moving';

/** @typedef {import('./shapes.js').Booking} Booking */
/** @typedef {import('./shapes.js').Place} Place */
/** @typedef {{ slot_id: string, patient_id: string, dose?: number }} WantedPlace */

/**
 * @typedef {object} Moving
 * @property {string} booking
 * @property {Place} from where its persons are now
 * @property {{ patient_id: string, dose?: number }[]} people who goes to the other time
 * @property {WantedPlace[]} stays the booking's places in other slots, which stay as they are
 */

/**
 * Begin to look for another time for those of a booking who are in one slot.
 * @param {Booking} booking
 * @param {string} slot
 */
export function beginMoving(booking, slot) {
  const leaving = booking.places.filter((place) => place.slot_id === slot);
  const moving = {
    booking: booking.id,
    from: leaving[0],
    people: leaving.map(person),
    stays: booking.places.filter((place) => place.slot_id !== slot)
      .map((place) => ({ slot_id: place.slot_id, ...person(place) })),
  };
  sessionStorage.setItem(KEPT, JSON.stringify(moving));
}

/**
 * What is being moved; null where nothing is.
 * @returns {Moving | null}
 */
export function moving() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
}

/** It has been moved, or stays where it is. */
export function endMoving() {
  sessionStorage.removeItem(KEPT);
}

/** @param {Place} place */
function person({ patient_id, dose }) {
  return dose === null ? { patient_id } : { patient_id, dose };
}
