-- name: clinics
-- Not the auditor's: needs the cluster's owner, like all that follows. So many clinics.
INSERT INTO slots.clinic (id, name, time_zone, address, district)
SELECT md5('clinic' || n)::uuid, 'Polyclinic No. ' || n, 'Europe/Moscow', '', ''
  FROM generate_series(0, $1::integer - 1) AS n
    ON CONFLICT (id) DO NOTHING;

-- name: slots
-- The slots from the first number on, before the second; they go round the clinics, and in each
-- one place is taken.
INSERT INTO slots.slot (id, clinic_id, service, starts_at, ends_at, capacity, booked, version)
SELECT md5('slot' || n)::uuid, md5('clinic' || n % $3::integer)::uuid, $4,
       starts_at, starts_at + interval '15 minutes', $5, 1, 2
  FROM (SELECT n, date_trunc('hour', now()) + interval '2 days' + n / $3::integer * interval '15 minutes'
               AS starts_at
          FROM generate_series($1::integer, $2::integer - 1) AS n) AS s;

-- name: known_slots
-- The same as the front desk knows them.
INSERT INTO booking.slot (id, clinic_id, service, starts_at, ends_at, open, version)
SELECT s.id, s.clinic_id, s.service, s.starts_at, s.ends_at, s.open, s.version
  FROM generate_series($1::integer, $2::integer - 1) AS n
  JOIN slots.slot AS s ON s.id = md5('slot' || n)::uuid;

-- name: places
-- The taken one of each.
INSERT INTO slots.place (id, slot_id, booking_id, home, ordinal, size, version, state, claim)
SELECT md5('place' || n)::uuid, md5('slot' || n)::uuid, md5('booking' || n)::uuid, 0, 0, 1, 1, 'booked',
       decode(md5('claim' || n), 'hex')
  FROM generate_series($1::integer, $2::integer - 1) AS n;

-- name: answers
-- What was answered to whoever took it.
INSERT INTO slots.answer (id, body_hash, outcome, reply, decided_at)
SELECT md5('booking' || n)::uuid, decode(md5('body' || n), 'hex'), 'done',
       convert_to(repeat(md5('reply' || n), 12), 'UTF8'), now()
  FROM generate_series($1::integer, $2::integer - 1) AS n;

-- name: bookings
-- And whose it is.
INSERT INTO booking.booking (id, owner_id, kind, status, version, home, campaign_id, places, slot_ids, made_at)
SELECT md5('booking' || n)::uuid, md5('person' || n)::uuid, 'booking', 'booked', 1, 0, NULL,
       json_build_array(json_build_object(
           'id', md5('place' || n)::uuid, 'slot_id', s.id, 'service', s.service,
           'starts_at', s.starts_at, 'ends_at', s.ends_at, 'clinic_id', s.clinic_id,
           'clinic_name', 'Polyclinic', 'clinic_address', '', 'time_zone', 'Europe/Moscow',
           'patient_id', md5('person' || n)::uuid, 'dose', NULL)),
       ARRAY[s.id], now()
  FROM generate_series($1::integer, $2::integer - 1) AS n
  JOIN slots.slot AS s ON s.id = md5('slot' || n)::uuid;

-- name: analyze
-- So that plans are made for tables of this size, as they are after a night.
VACUUM (ANALYZE) slots.slot, slots.place, slots.answer, booking.slot, booking.booking;

-- name: choices
-- Every so manieth slot, by the number it was made from.
SELECT md5('slot' || n)::uuid AS id FROM generate_series(0, $1::integer - 1, $2::integer) AS n;
