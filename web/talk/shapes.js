// What do Talon's answers look like?

/**
 * @typedef {object} Clinic
 * @property {string} id
 * @property {string} name
 * @property {string} time_zone
 * @property {string} address
 * @property {string} district
 * @property {number | null} latitude
 * @property {number | null} longitude
 */

/**
 * @typedef {object} ClinicDay how much is free at one clinic on one day
 * @property {string} date
 * @property {number} capacity
 * @property {number} extra how many more people than places are let in
 * @property {number} free
 * @property {string | null} first_free_at
 */

/**
 * @typedef {object} ClinicDays
 * @property {string} clinic_id
 * @property {string} name
 * @property {number | null} distance_km
 * @property {ClinicDay[]} days days without any slot are left out
 */

/**
 * @typedef {object} Slot
 * @property {string} id
 * @property {string} clinic_id
 * @property {string} service
 * @property {string} product
 * @property {number | null} dose
 * @property {'physical' | 'virtual'} modality
 * @property {string | null} practitioner_id whose time it is
 * @property {'service' | 'room' | 'interpreter'} resource
 * @property {'nothing' | 'referral' | 'attachment'} asks_for
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} bookable_until
 * @property {string} cancel_until
 * @property {number} capacity
 * @property {number} extra how many more people than places are let in
 * @property {number} free
 * @property {'free' | 'busy' | 'busy-tentative' | 'busy-unavailable'} status
 */

/**
 * @typedef {object} Alternative a slot near the one that was refused
 * @property {string} slot_id
 * @property {string} clinic_id
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {number} free beside what is held
 * @property {string | null} hold_id by which it is held for whoever was refused
 * @property {string | null} expires_at until when
 */

/**
 * @typedef {object} Place one person's seat in one slot
 * @property {string} id
 * @property {string} slot_id
 * @property {string} service
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} clinic_id
 * @property {string} clinic_name
 * @property {string} clinic_address
 * @property {string} time_zone
 * @property {string} patient_id
 * @property {number | null} dose
 * @property {'physical' | 'virtual'} modality
 * @property {string | null} practitioner_id
 * @property {string | null} cancel_until who gives it back later does so late; null: nobody
 */

/**
 * @typedef {object} Booking
 * @property {string} id
 * @property {'pending' | 'booked' | 'cancelled' | 'noshow' | 'refused' | 'expired'} status
 * @property {number} version
 * @property {string | null} campaign_id
 * @property {Place[]} places
 * @property {string} made_at
 * @property {string[]} actions what may be done with it now
 * @property {string} [reason]
 * @property {boolean} [late] whether a place of it was given up later than was asked for
 * @property {'patient' | 'clinic'} [cancelled_by]
 */

/**
 * @typedef {object} ToldVisit
 * @property {string} starts_at
 * @property {string} time_zone
 * @property {string} clinic_name
 * @property {boolean} freed whether it is one that the booking no longer has
 */

/**
 * @typedef {object} Telling that something was told, or was to be, by one channel
 * @property {string} event_id
 * @property {string} tells the name of what happened
 * @property {'booking' | 'change' | 'reminder' | 'visit' | 'attendance' | 'announcement'} kind
 * @property {string} said how it began
 * @property {ToldVisit[]} visits
 * @property {'email' | 'sms' | 'web_push' | 'mobile_push' | 'list'} channel
 * @property {'waiting' | 'claimed' | 'sent' | 'delivered' | 'failed' | 'unknown' | 'expired'
 *   | 'no_address' | 'declined'} fate
 * @property {boolean} perhaps_again whether it said that one may have heard of it before
 * @property {string} written_at
 * @property {string | null} settled_at
 */

/**
 * @typedef {object} UnknownParts
 * @property {string} person_id
 * @property {string | null} provider who has it, or may have it
 * @property {string} note what is known of the last attempt
 */

/** @typedef {Telling & UnknownParts} Unknown a message of which nobody knows whether it was told */

/**
 * @typedef {object} Contacts where one is reached; of devices only how many there are
 * @property {string | null} email
 * @property {string | null} phone
 * @property {number} browsers
 * @property {number} apps
 */

/**
 * @typedef {object} Preferences
 * @property {'ru' | 'en' | null} language
 * @property {Telling['channel'][]} channels the first one first; those left out come after them
 * @property {{ begins: string, ends: string, time_zone: string } | null} quiet
 * @property {Telling['kind'][]} declined
 * @property {string | null} consent the version that was agreed to
 * @property {string | null} consented_at
 * @property {string} consent_in_force
 * @property {boolean} consent_needed  or nothing is told but one's own visits
 * @property {string} version the name of all this
 */

/**
 * @typedef {object} Proxy who acts for one, did, or would like to
 * @property {string} id
 * @property {string} proxy_id
 * @property {string | null} name
 * @property {'proposed' | 'accepted' | 'declined' | 'withdrawn'} state
 * @property {{ version: number, at: string, how: 'signed in' | 'on paper' } | null} consent
 */

export {};
