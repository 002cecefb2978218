-- name: widen
-- Not the auditor's: needs the cluster's owner. Nobody is waiting at the slot when this is done.
UPDATE slots.slot SET capacity = $2 WHERE id = $1;

-- name: checkpoint
-- Not the auditor's. Every run begins with as little to write back as the one before.
CHECKPOINT;

-- name: positions
-- How far each reader of each topic has come, in records.
SELECT topic, sum(next_offset)::bigint AS position
  FROM (SELECT topic, next_offset FROM slots.partition_state WHERE topic = 'slots.commands'
        UNION ALL
        SELECT topic, next_offset FROM booking.partition_state WHERE topic = 'slots.events'
        UNION ALL
        SELECT topic, next_offset FROM notify.partition_state WHERE topic = 'booking.events') AS s
 GROUP BY topic;

-- name: totals
-- The same bookings as each service counts them, every booking having one place.
SELECT (SELECT count(*) FROM slots.place WHERE state = 'booked') AS places,
       (SELECT coalesce(sum(booked), 0)::bigint FROM slots.slot) AS capacity_used,
       (SELECT count(*) FROM booking.booking WHERE status = 'booked') AS bookings,
       (SELECT count(*) FROM booking.booking WHERE status <> 'booked') AS not_booked,
       (SELECT count(*) FROM notify.message) AS messages,
       (SELECT count(DISTINCT booking_id) FROM notify.message) AS told_of;

-- name: oversold
-- Slots with more places than they have room for, or with another number than they say.
SELECT count(*)
  FROM slots.slot AS s
  LEFT JOIN (SELECT slot_id, count(*) AS taken FROM slots.place WHERE state = 'booked'
              GROUP BY slot_id) AS p ON p.slot_id = s.id
 WHERE s.booked > s.capacity OR coalesce(p.taken, 0) > s.capacity
    OR s.booked <> coalesce(p.taken, 0);

-- name: mismatched
-- Bookings without their place, places without their booking, and those about different slots.
SELECT count(*)
  FROM (SELECT id, slot_ids FROM booking.booking WHERE status = 'booked') AS b
  FULL JOIN (SELECT booking_id, slot_id FROM slots.place WHERE state = 'booked') AS p
         ON p.booking_id = b.id
 WHERE b.id IS NULL OR p.booking_id IS NULL OR b.slot_ids <> ARRAY[p.slot_id];

-- name: twice
-- How often a person has the same dose of the same campaign more than once.
SELECT count(*)
  FROM (SELECT FROM booking.booking WHERE status = 'booked'
         GROUP BY campaign_id, places -> 0 ->> 'patient_id', places -> 0 ->> 'dose'
        HAVING count(*) > 1) AS more;
