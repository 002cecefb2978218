-- name: slots
-- Every slot with its counters, and its places counted anew.
SELECT s.id, s.capacity, s.held, s.booked,
       count(p.id) FILTER (WHERE p.state = 'held') AS held_counted,
       count(p.id) FILTER (WHERE p.state = 'booked') AS booked_counted
  FROM slots.slot AS s LEFT JOIN slots.place AS p ON p.slot_id = s.id
 GROUP BY s.id;

-- name: places
-- Every booked place, as the referee has it.
SELECT booking_id, id, slot_id FROM slots.place WHERE state = 'booked';

-- name: bookings
-- Every booking and hold, as the front desk has it.
SELECT id, owner_id, status, version,
       ARRAY(SELECT (place ->> 'slot_id')::uuid FROM json_array_elements(places) AS place)
           AS slot_ids
  FROM booking.booking;

-- name: unknown_messages
-- Messages whose fate nobody can tell.
SELECT booking_id, event ->> 'type' AS type FROM notify.message WHERE state = 'unknown';

-- name: restless
-- What still moves: unannounced rows, events not yet taken, messages not yet sent, holds past
-- their time, wishes not yet decided. All zero is quiet.
SELECT (SELECT count(*) FROM slots.outbox) + (SELECT count(*) FROM booking.outbox)
           + (SELECT count(*) FROM notify.outbox) AS unannounced,
       (SELECT sum(event_seq) FROM slots.partition_state WHERE topic = 'slots.commands')
           - (SELECT sum(taken_seq) FROM booking.partition_state WHERE topic = 'slots.events')
           AS not_projected,
       (SELECT sum(event_seq) FROM booking.partition_state WHERE topic = 'slots.events')
           - (SELECT sum(taken_seq) FROM notify.partition_state WHERE topic = 'booking.events')
           AS not_taken,
       (SELECT count(*) FROM notify.message WHERE state IN ('waiting', 'claimed')) AS not_sent,
       (SELECT count(*) FROM slots.place
         WHERE state <> 'booked' AND expires_at < clock_timestamp()) AS not_swept,
       (SELECT count(*) FROM booking.pending_command) AS not_decided;
