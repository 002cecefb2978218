-- name: unsettled_messages
-- How many are not handed over yet.
SELECT count(*) FROM message WHERE state IN ('waiting', 'claimed');

-- name: fill_reminders
-- So many that are due now, each of another booking; $3 are the places of one.
INSERT INTO reminder (booking_id, owner_id, clinic_id, starts_at, version, made_at, due_at, places)
SELECT gen_random_uuid(), ($1::uuid[])[1 + n % cardinality($1)], gen_random_uuid(), now() + interval '1 day',
       1, now() - interval '20 days', now() - interval '1 minute', $3::json
  FROM generate_series(1, $2::integer) AS n;

-- name: forget_sent
-- What is measured next begins with nothing.
DELETE FROM message;

-- name: reminders_sent
-- How many were told.
SELECT count(*) FROM message WHERE event ->> 'type' = 'VisitReminder' AND state = 'sent';

-- name: delays_of_confirmations
-- From being written down to being handed over; what is not yet handed over has waited until now.
SELECT extract(epoch FROM coalesce(settled_at, clock_timestamp()) - written_at)::float8 AS seconds
  FROM message WHERE event ->> 'type' = 'BookingConfirmed';
