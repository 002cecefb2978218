-- The day list of a clinic goes from its slots to their bookings.
CREATE INDEX slots_of_a_clinic ON slot (clinic_id, starts_at, id);
