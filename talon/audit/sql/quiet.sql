-- name: unannounced
-- What was committed and is not known to have reached the log.
SELECT (SELECT count(*) FROM slots.outbox)
     + (SELECT count(*) FROM booking.outbox)
     + (SELECT count(*) FROM notify.outbox) AS count;

-- name: unprojected
-- Events of the referee that the front desk has not applied.
SELECT coalesce(sum(told.event_seq - coalesce(taken.taken_seq, 0)), 0)::bigint AS count
  FROM slots.partition_state AS told
  LEFT JOIN booking.partition_state AS taken
         ON taken.topic = 'slots.events' AND taken.partition = told.partition
 WHERE told.topic = 'slots.commands';

-- name: untold
-- Events of the front desk that the messenger has not written down.
SELECT coalesce(sum(told.event_seq - coalesce(taken.taken_seq, 0)), 0)::bigint AS count
  FROM booking.partition_state AS told
  LEFT JOIN notify.partition_state AS taken
         ON taken.topic = 'booking.events' AND taken.partition = told.partition
 WHERE told.topic = 'slots.events';

-- name: undecided
-- Wishes answered with 202 whose outcome the front desk does not know yet.
SELECT count(*) AS count FROM booking.pending_command;

-- name: unsent
-- Messages that wait to be sent, or are being sent.
SELECT count(*) AS count FROM notify.message WHERE state IN ('waiting', 'claimed');

-- name: unswept
-- Held seats whose time is over, or over so soon that it is worth waiting to see them freed.
SELECT count(*) AS count FROM slots.place
 WHERE state <> 'booked' AND expires_at < clock_timestamp() + make_interval(secs => $1);
