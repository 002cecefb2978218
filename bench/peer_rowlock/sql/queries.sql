-- name: lock_slot
-- The row lock is the queue: one booking at a time for each slot.
SELECT CASE WHEN open AND starts_at > clock_timestamp() THEN capacity - booked ELSE 0 END AS free
  FROM slot WHERE id = $1 FOR UPDATE;

-- name: book
-- Both writes in one statement: one journey less while everybody else waits for the row.
WITH made AS (
    INSERT INTO booking (id, owner_id, patient_id, campaign_id, dose, slot_id, status, version)
    VALUES ($1, $3, $3, $4, $5, $2, 'booked', 1)
    RETURNING slot_id
)
UPDATE slot SET booked = booked + 1 WHERE id = (SELECT slot_id FROM made);

-- name: book_at_once
-- The same transaction as one call.
SELECT book_at_once($1, $2, $3, $4, $5);

-- name: is_booked
-- Whether this wish was granted before. Only asked where nothing is free.
SELECT EXISTS (SELECT FROM booking WHERE id = $1);

-- name: slots
-- The same slots as Talon's.
INSERT INTO slot (id, starts_at, capacity)
SELECT id, now() + interval '30 days', $2 FROM unnest($1::uuid[]) AS id;

-- name: counts
-- What was booked, as rows and as the slots say; and how many slots are oversold or miscounted.
SELECT (SELECT count(*) FROM booking WHERE status = 'booked') AS bookings,
       (SELECT sum(booked)::bigint FROM slot) AS capacity_used,
       (SELECT count(*)
          FROM slot AS s
          LEFT JOIN (SELECT slot_id, count(*) AS taken FROM booking WHERE status = 'booked'
                      GROUP BY slot_id) AS b
                 ON b.slot_id = s.id
         WHERE s.booked > s.capacity OR s.booked <> coalesce(b.taken, 0)) AS oversold;

-- name: drop_database
-- What an earlier run left.
DROP DATABASE IF EXISTS peer_rowlock WITH (FORCE);

-- name: make_database
-- In the same cluster as Talon's.
CREATE DATABASE peer_rowlock;
