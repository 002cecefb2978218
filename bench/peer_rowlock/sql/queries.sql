-- name: lock_slot
-- The row lock is the queue: one booking at a time for each slot.
SELECT CASE WHEN open AND starts_at > clock_timestamp() THEN capacity - booked ELSE 0 END AS free
  FROM slot WHERE id = $1 FOR UPDATE;

-- name: book
-- All writes in one statement: fewer journeys while everybody else waits for the row.
WITH answered AS (
    INSERT INTO idempotency (wish, body_hash, status, answer) VALUES ($1, $6, 201, $7)
), told AS (
    INSERT INTO outbox (booking_id, event) VALUES ($1, $8)
), made AS (
    INSERT INTO booking (id, owner_id, patient_id, campaign_id, dose, slot_id, status, version)
    VALUES ($1, $3, $3, $4, $5, $2, 'booked', 1)
    RETURNING slot_id
)
UPDATE slot SET booked = booked + 1 WHERE id = (SELECT slot_id FROM made);

-- name: book_at_once
-- The same transaction as one call.
SELECT book_at_once($1, $2, $3, $4, $5, $6, $7, $8);

-- name: refuse
-- A refusal is an answer, too, and kept; where the wish has an answer already, that one stays.
INSERT INTO idempotency (wish, body_hash, status, answer) VALUES ($1, $2, 409, $3)
    ON CONFLICT DO NOTHING;

-- name: answer
-- What was answered to this wish. Only asked where it was not booked just now.
SELECT body_hash, status, answer FROM idempotency WHERE wish = $1;

-- name: slots
-- The same slots as Talon's.
INSERT INTO slot (id, starts_at, capacity)
SELECT id, now() + interval '30 days', $2 FROM unnest($1::uuid[]) AS id;

-- name: counts
-- What was booked, as rows and as the slots say; how many slots are oversold or miscounted; and how
-- many answers and events there are to these bookings.
SELECT (SELECT count(*) FROM booking WHERE status = 'booked') AS bookings,
       (SELECT sum(booked)::bigint FROM slot) AS capacity_used,
       (SELECT count(*)
          FROM slot AS s
          LEFT JOIN (SELECT slot_id, count(*) AS taken FROM booking WHERE status = 'booked'
                      GROUP BY slot_id) AS b
                 ON b.slot_id = s.id
         WHERE s.booked > s.capacity OR s.booked <> coalesce(b.taken, 0)) AS oversold,
       (SELECT count(*) FROM idempotency WHERE status = 201) AS answers,
       (SELECT count(*) FROM outbox) AS events;

-- name: grain
-- The smallest insert there is.
INSERT INTO grain VALUES (1);

-- name: drop_database
-- What an earlier run left.
DROP DATABASE IF EXISTS peer_rowlock WITH (FORCE);

-- name: make_database
-- In the same cluster as Talon's.
CREATE DATABASE peer_rowlock;
