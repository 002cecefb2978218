-- name: event_numbers
-- Which events there are, and since when at the latest: `now()` is from before the statement looked,
-- so whatever was committed by then is counted. One row, also where nobody has decided anything yet.
SELECT now() AS at,
       coalesce(array_agg(partition), '{}') AS partitions,
       coalesce(array_agg(event_seq), '{}') AS numbers
  FROM partition_state WHERE topic = $1;

-- name: every_clinic
-- All of them, in no order.
SELECT id, name, time_zone, address, district, latitude, longitude FROM clinic;

-- name: upcoming_slots
-- From the start of today on, wherever today begins: no day is longer than 26 hours. Soonest first, so
-- that the last ones are left out where there is no room for all. In the form in which they are kept.
SELECT uuid_send(id) AS id, clinic_id, service, product, dose, modality, practitioner_id, resource, asks_for,
       (extract(epoch FROM starts_at) * 1000000)::bigint AS starts_us,
       (extract(epoch FROM ends_at) * 1000000)::bigint AS ends_us,
       capacity, held, booked, open, version, extra, closes_minutes_before, cancel_until_minutes_before
  FROM slot
 WHERE starts_at > now() - interval '26 hours'
 ORDER BY starts_at, id;
