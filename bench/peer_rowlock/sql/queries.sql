-- name: lock_slot
-- The row lock is the queue: one booking at a time for each slot.
SELECT capacity - booked AS free FROM slot WHERE id = $1 FOR UPDATE;

-- name: book
-- Both writes in one statement: one journey less while everybody else waits for the row.
WITH made AS (
    INSERT INTO booking (id, slot_id, patient_id, campaign_id, dose) VALUES ($1, $2, $3, $4, $5)
    RETURNING slot_id
)
UPDATE slot SET booked = booked + 1 WHERE id = (SELECT slot_id FROM made);

-- name: find
-- What the same wish became when it was asked before.
SELECT slot_id, dose FROM booking WHERE id = $1;

-- name: book_at_once
-- The same transaction as one call.
SELECT book_at_once($1, $2, $3, $4, $5);

-- name: slots
-- The same slots as Talon's.
INSERT INTO slot (id, capacity) SELECT id, $2 FROM unnest($1::uuid[]) AS id;

-- name: counts
-- What was booked, as rows and as the slots say; and how many slots are oversold or miscounted.
SELECT (SELECT count(*) FROM booking) AS bookings,
       (SELECT sum(booked)::bigint FROM slot) AS capacity_used,
       (SELECT count(*)
          FROM slot AS s
          LEFT JOIN (SELECT slot_id, count(*) AS taken FROM booking GROUP BY slot_id) AS b
                 ON b.slot_id = s.id
         WHERE s.booked > s.capacity OR s.booked <> coalesce(b.taken, 0)) AS oversold;

-- name: drop_database
-- What an earlier run left.
DROP DATABASE IF EXISTS peer_rowlock WITH (FORCE);

-- name: make_database
-- In the same cluster as Talon's.
CREATE DATABASE peer_rowlock;
