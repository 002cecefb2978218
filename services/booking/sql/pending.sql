-- name: keep_pending
-- Wishes whose wait ran out, and the pending booking or hold where the wish is to make one: both
-- or neither. What was decided meanwhile stays as it is.
WITH wish AS MATERIALIZED (
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::bytea[], $6::bytea[],
                  $7::timestamptz[], $8::uuid[], $9::text[], $10::uuid[])
           AS w (id, booking_id, asks, home, command, body_hash, deadline, owner_id, kind,
                 campaign_id)
), made AS (
    INSERT INTO booking AS b (id, owner_id, kind, status, version, home, campaign_id, made_at)
    SELECT booking_id, owner_id, kind, 'pending', 0, home, campaign_id, clock_timestamp()
      FROM wish WHERE owner_id IS NOT NULL ORDER BY booking_id
        ON CONFLICT (id) DO UPDATE
       SET updated_at = clock_timestamp()
     WHERE b.status = 'pending'
    RETURNING b.id
), confirming AS (
    UPDATE booking AS b
       SET kind = 'booking', reason = NULL, updated_at = clock_timestamp()
      FROM wish AS w
     WHERE w.asks = 'ConfirmHold' AND b.id = w.booking_id AND b.status = 'held'
)
INSERT INTO pending_command AS p (id, booking_id, asks, home, command, body_hash, deadline, due_at)
SELECT id, booking_id, asks, home, command, body_hash, deadline, deadline + interval '1 second'
  FROM wish
 WHERE owner_id IS NULL OR booking_id IN (SELECT id FROM made)
 ORDER BY id
    ON CONFLICT (id) DO UPDATE
   SET command = excluded.command, deadline = excluded.deadline, due_at = excluded.due_at
 WHERE p.body_hash = excluded.body_hash AND p.deadline < excluded.deadline;

-- name: take_due
-- Wishes to ask again, each by one process at a time: $2 seconds from now it is due once more.
UPDATE pending_command AS p
   SET due_at = clock_timestamp() + make_interval(secs => $2)
  FROM (SELECT id FROM pending_command
         WHERE due_at < clock_timestamp() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
 WHERE p.id = due.id
RETURNING p.home, p.command;

-- name: takes_writes
-- A demoted server answers as well, but not for long.
SELECT NOT pg_is_in_recovery();

-- name: depths
-- How many wishes wait for an answer; how many batches wait to be announced, and for how long.
SELECT (SELECT count(*) FROM pending_command) AS pending,
       count(*) AS outbox_rows,
       coalesce(extract(epoch FROM clock_timestamp() - min(kept_at)), 0)::float8 AS outbox_seconds
  FROM outbox;

-- name: bookings_to_revoke
-- Who is booked in a slot that closes, and is not being cancelled yet. What has begun stays.
-- LATERAL: from the few closing slots by index, never over all bookings while none closes.
SELECT b.id, b.home, s.closing_id
  FROM slot AS s
 CROSS JOIN LATERAL (SELECT * FROM booking
                      WHERE slot_ids @> ARRAY[s.id] AND status = 'booked' OFFSET 0) AS b
 WHERE s.closing_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM pending_command AS p
                    WHERE p.booking_id = b.id AND p.asks = 'CancelBooking')
   AND NOT EXISTS (SELECT FROM slot AS begun
                    WHERE begun.id = ANY (b.slot_ids) AND begun.starts_at <= clock_timestamp())
 LIMIT $1;

-- name: ask_soon
-- Cancellations that the clinic asked for: due at once, and until they are answered.
INSERT INTO pending_command (id, booking_id, asks, home, command, body_hash, deadline, due_at)
SELECT id, booking_id, 'CancelBooking', home, command, body_hash, deadline, clock_timestamp()
  FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[], $5::bytea[], $6::timestamptz[])
       AS c (id, booking_id, home, command, body_hash, deadline)
 ORDER BY id
    ON CONFLICT DO NOTHING;
