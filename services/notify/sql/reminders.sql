-- name: plan_reminders
-- In the transaction that takes the event.
INSERT INTO reminder
       (booking_id, owner_id, clinic_id, starts_at, version, made_at, due_at, part, places)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[],
                     $6::timestamptz[], $7::timestamptz[], $8::text[], $9::json[])
    ON CONFLICT ON CONSTRAINT one_plan_of_a_visit DO NOTHING;

-- name: drop_reminders
-- What these people were told of these bookings before. Whoever hands one over has its row locked, and is waited for.
-- And nobody answers to it any more.
WITH changed AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS c (booking_id, owner_id, version)
), asked AS (
    DELETE FROM sms_asked AS a
     USING changed
     WHERE a.booking_id = changed.booking_id AND a.owner_id = changed.owner_id
       AND a.version < changed.version
)
DELETE FROM reminder AS r
 USING changed
 WHERE r.booking_id = changed.booking_id AND r.owner_id = changed.owner_id
   AND r.version < changed.version;

-- name: overtake_reminders
-- What is handed over and not on its way yet is not told any more. A statement after `drop_reminders`:
-- only then is seen what was handed over while that one waited.
UPDATE message AS m
   SET state = 'expired', settled_at = now(), note = 'the booking was changed'
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS changed (booking_id, owner_id, version)
 WHERE m.booking_id = changed.booking_id AND m.owner_id = changed.owner_id
   AND m.version < changed.version AND m.state = 'waiting' AND m.provider IS NULL
   AND m.event ->> 'type' = 'VisitReminder';

-- name: forget_reminders
-- Nobody is reminded whose data are erased.
DELETE FROM reminder WHERE owner_id = ANY ($1::uuid[]);

-- name: waiting_now
-- How many messages wait for their turn, as far as that matters; each channel has a queue of its own.
SELECT count(*)
  FROM unnest($2::text[]) AS each (channel)
 CROSS JOIN LATERAL (
       SELECT FROM message AS m
        WHERE m.channel = each.channel AND m.state = 'waiting' AND m.due_at <= now() LIMIT $1) AS due;

-- name: lock_due_reminders
-- What another process hands over is left to it.
SELECT booking_id, owner_id, clinic_id, starts_at, version, made_at, part, places::text, now() AS at
  FROM reminder
 WHERE due_at <= now()
 ORDER BY due_at
 LIMIT $1
   FOR UPDATE SKIP LOCKED;

-- name: move_reminders
-- To the next of each visit; those that have none are gone.
WITH moved AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[])
                  AS m (booking_id, owner_id, clinic_id, starts_at, due_at)
), gone AS (
    DELETE FROM reminder AS r USING moved
     WHERE r.booking_id = moved.booking_id AND r.owner_id = moved.owner_id
       AND r.clinic_id = moved.clinic_id AND r.starts_at = moved.starts_at
       AND moved.due_at IS NULL
)
UPDATE reminder AS r SET due_at = moved.due_at
  FROM moved
 WHERE r.booking_id = moved.booking_id AND r.owner_id = moved.owner_id
   AND r.clinic_id = moved.clinic_id AND r.starts_at = moved.starts_at
   AND moved.due_at IS NOT NULL;

-- name: measure_reminders
-- For how long the one that is due longest has not been handed over.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)::float8
  FROM reminder WHERE due_at <= now();
