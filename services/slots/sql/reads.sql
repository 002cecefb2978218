-- name: find_slot
-- One slot as it is now.
SELECT id, clinic_id, service, product, dose, modality, practitioner_id, resource, asks_for, starts_at,
       ends_at, capacity, held, booked, open, version,
       extra, closes_minutes_before, cancel_until_minutes_before
  FROM slot WHERE id = $1;

-- name: ping
-- Does the database answer, and does it take writes?
SELECT NOT pg_is_in_recovery() AS takes_writes;
