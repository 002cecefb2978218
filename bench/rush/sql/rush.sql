-- name: widen
-- Not the auditor's: needs the cluster's owner. Nobody is waiting at the slot when this is done.
UPDATE slots.slot SET capacity = $2 WHERE id = $1;

-- name: checkpoint
-- Not the auditor's. Every run begins with as little to write back as the one before.
CHECKPOINT;

-- name: positions
-- How far each reader of each topic has come, in records; and, as of the same moment, how many records
-- are not on the log yet.
SELECT topic, sum(next_offset)::bigint AS position
  FROM (SELECT topic, next_offset FROM slots.partition_state WHERE topic = 'slots.commands'
        UNION ALL
        SELECT topic, next_offset FROM booking.partition_state WHERE topic = 'slots.events'
        UNION ALL
        SELECT topic, next_offset FROM notify.partition_state WHERE topic = 'booking.events'
        UNION ALL
        SELECT 'unannounced', (SELECT count(*) FROM slots.outbox)
                            + (SELECT count(*) FROM booking.outbox)
                            + (SELECT count(*) FROM notify.outbox)) AS s
 GROUP BY topic;

-- name: totals
-- The same bookings and places as each service counts them.
SELECT (SELECT count(*) FROM slots.place WHERE state = 'booked') AS places,
       (SELECT coalesce(sum(booked), 0)::bigint FROM slots.slot) AS capacity_used,
       (SELECT count(*) FROM slots.place WHERE state = 'booked' AND ordinal = 0) AS booked,
       (SELECT count(*) FROM booking.booking WHERE status = 'booked') AS bookings,
       (SELECT coalesce(sum(cardinality(slot_ids)), 0)::bigint
          FROM booking.booking WHERE status = 'booked') AS places_of_bookings,
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
-- Bookings without one of their places, places without their booking, and those about different slots.
SELECT count(*)
  FROM (SELECT id, unnest(slot_ids) AS slot_id FROM booking.booking WHERE status = 'booked') AS b
  FULL JOIN (SELECT booking_id, slot_id FROM slots.place WHERE state = 'booked') AS p
         ON p.booking_id = b.id AND p.slot_id = b.slot_id
 WHERE b.id IS NULL OR p.booking_id IS NULL;

-- name: twice
-- How often a person has the same dose of the same campaign more than once.
SELECT count(*)
  FROM (SELECT
          FROM booking.booking AS b, json_array_elements(b.places) AS place
         WHERE b.status = 'booked' AND b.campaign_id IS NOT NULL
         GROUP BY b.campaign_id, place ->> 'patient_id', place ->> 'dose'
        HAVING count(*) > 1) AS more;
