-- name: find_slot
-- One slot as it is now.
SELECT id, clinic_id, service, product, dose, starts_at, ends_at, capacity, held, booked, open, version
  FROM slot WHERE id = $1;

-- name: list_slots
-- A clinic's slots of one day in its own time zone, in order, from a cursor on.
SELECT s.id, s.clinic_id, s.service, s.product, s.dose, s.starts_at, s.ends_at, s.capacity,
       s.held, s.booked, s.open, s.version
  FROM slot AS s JOIN clinic AS c ON c.id = s.clinic_id
 WHERE s.clinic_id = $1
   AND s.starts_at >= ($2::date::timestamp AT TIME ZONE c.time_zone)
   AND s.starts_at < (($2::date + 1)::timestamp AT TIME ZONE c.time_zone)
   AND ($3::text IS NULL OR s.service = $3)
   AND ($4::timestamptz IS NULL OR (s.starts_at, s.id) > ($4, $5::uuid))
 ORDER BY s.starts_at, s.id
 LIMIT $6;

-- name: find_clinic
-- One clinic.
SELECT id, name, time_zone, address, district, latitude, longitude FROM clinic WHERE id = $1;

-- name: list_clinics
-- Clinics by name, from a cursor on.
SELECT id, name, time_zone, address, district, latitude, longitude FROM clinic
 WHERE $1::text IS NULL OR (name, id) > ($1, $2::uuid)
 ORDER BY name, id
 LIMIT $3;

-- name: ping
-- Does the database answer, and does it take writes?
SELECT NOT pg_is_in_recovery() AS takes_writes;
