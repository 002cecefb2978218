-- name: lock_schedules
-- One schedule of a clinic at a time: who waited here sees the one before. Not the clinic's row,
-- for which the referee would then have to wait.
SELECT pg_advisory_xact_lock(hashtextextended('schedules of ' || $1::uuid, 0));

-- name: clinic_now
-- A statement of its own, after the lock. The time it is becomes the schedule's.
SELECT id AS clinic_id, time_zone, clock_timestamp() AS now FROM clinic WHERE id = $1;

-- name: find_schedule
-- What an earlier request under this key asked for.
SELECT id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute, ends_minute,
       slot_minutes, capacity, valid_from, valid_to, body_hash, made_at, closes_minutes_before,
       cancel_until_minutes_before, rrule, breaks,
       buffer_minutes, except_dates, extra_dates, on_holidays, holidays, doses, modality,
       practitioner_id, resource, asks_for, series_id, version, replaced_from, opened,
       withdrawn_at, meant_until, opened_until
  FROM schedule WHERE id = $1;

-- name: standing_schedules
-- A clinic's schedules for a service that reach into these dates, and were not withdrawn; of other
-- series than this one.
SELECT id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute, ends_minute,
       slot_minutes, capacity, valid_from, valid_to, body_hash, made_at, closes_minutes_before,
       cancel_until_minutes_before, rrule, breaks,
       buffer_minutes, except_dates, extra_dates, on_holidays, holidays, doses, modality,
       practitioner_id, resource, asks_for, series_id, version, replaced_from, opened,
       withdrawn_at, meant_until, opened_until
  FROM schedule
 WHERE clinic_id = $1 AND service = $2 AND valid_from <= $4
   AND least(valid_to, replaced_from - 1, 'infinity') >= $3
   AND withdrawn_at IS NULL AND coalesce(series_id, id) <> $5
 ORDER BY made_at, id;

-- name: add_schedule
-- Nothing comes back where the same key was used for another clinic meanwhile. One without an end is
-- looked at once whoever makes it has had the time to open its first days.
INSERT INTO schedule (id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute,
                      ends_minute, slot_minutes, capacity, valid_from, valid_to, body_hash, made_at,
                      closes_minutes_before, cancel_until_minutes_before, rrule, breaks, buffer_minutes, except_dates, extra_dates, on_holidays,
                      holidays, doses, modality, practitioner_id, resource, asks_for, series_id,
                      version, opened, meant_until, opened_until, plan, look_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35,
        CASE WHEN $33::date IS NOT NULL THEN clock_timestamp() + make_interval(secs => $36) END)
    ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: note_opened
-- All its slots were asked for, and so many were opened.
UPDATE schedule SET opened = $2 WHERE id = $1;

-- name: claim_days
-- A schedule without an end that somebody has to look at, for the time of a lease. SKIP LOCKED: what
-- another process is claiming is nobody's to wait for. A version that broke off is finished by whoever
-- asked for it, since it shuts slots.
UPDATE schedule AS s SET look_at = clock_timestamp() + make_interval(secs => $1)
  FROM (SELECT id FROM schedule
         WHERE look_at <= clock_timestamp() AND (plan IS NULL OR planned_at IS NOT NULL)
         ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS due
 WHERE s.id = due.id
RETURNING s.id, s.clinic_id, s.look_at AS lease_until;

-- name: mean_days
-- Up to this day it is settled from now on what it means.
UPDATE schedule SET meant_until = $2, holidays = holidays || $3::date[] WHERE id = $1;

-- name: note_days
-- Up to this day all was asked for, and so many more were opened. Nothing comes back where somebody
-- else has noted it: what was opened is counted once.
UPDATE schedule
   SET opened = coalesce(opened, 0) + $2, opened_until = $4,
       look_at = CASE WHEN withdrawn_at IS NULL THEN $5::timestamptz END
 WHERE id = $1 AND opened_until = $3
RETURNING id;

-- name: days_ahead
-- For how many days from today on the schedule that is opened least far ahead is open; null where there
-- is none without an end. Whose time it is has left: then nothing is to be opened.
SELECT min(s.opened_until - (clock_timestamp() AT TIME ZONE s.time_zone)::date) AS days
  FROM schedule AS s
 WHERE s.look_at IS NOT NULL
   AND (s.practitioner_id IS NULL
        OR EXISTS (SELECT FROM practitioner AS p
                    WHERE p.clinic_id = s.clinic_id AND p.id = s.practitioner_id AND p.active));

-- name: withdraw_schedule
-- All its versions; the first time counts. Nothing comes back where there is no such schedule. No day
-- is opened by itself any more.
UPDATE schedule SET withdrawn_at = coalesce(withdrawn_at, clock_timestamp()), look_at = NULL
 WHERE clinic_id = $1
   AND coalesce(series_id, id) = (SELECT coalesce(series_id, id) FROM schedule WHERE id = $2)
RETURNING id;

-- name: list_schedules
-- A clinic's schedules, oldest first, from a cursor on.
SELECT id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute, ends_minute,
       slot_minutes, capacity, valid_from, valid_to, body_hash, made_at, closes_minutes_before,
       cancel_until_minutes_before, rrule, breaks,
       buffer_minutes, except_dates, extra_dates, on_holidays, holidays, doses, modality,
       practitioner_id, resource, asks_for, series_id, version, replaced_from, opened,
       withdrawn_at, meant_until, opened_until
  FROM schedule
 WHERE clinic_id = $1 AND ($2::timestamptz IS NULL OR (made_at, id) > ($2, $3::uuid))
 ORDER BY made_at, id
 LIMIT $4;

-- name: lock_series
-- All versions of a schedule, the first one first.
SELECT id, opened IS NOT NULL AND (plan IS NULL OR planned_at IS NOT NULL)
           AND coalesce(opened_until = meant_until, true) AS is_finished
  FROM schedule
 WHERE clinic_id = $1
   AND coalesce(series_id, id) = (SELECT coalesce(series_id, id) FROM schedule WHERE id = $2)
 ORDER BY version
   FOR UPDATE;

-- name: series
-- A statement of its own, after the lock.
SELECT id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute, ends_minute,
       slot_minutes, capacity, valid_from, valid_to, body_hash, made_at, closes_minutes_before,
       cancel_until_minutes_before, rrule, breaks,
       buffer_minutes, except_dates, extra_dates, on_holidays, holidays, doses, modality,
       practitioner_id, resource, asks_for, series_id, version, replaced_from, opened,
       withdrawn_at, meant_until, opened_until
  FROM schedule WHERE id = ANY ($1::uuid[]) ORDER BY version;

-- name: replace_versions
-- From this day on the other versions do not count any more.
UPDATE schedule SET replaced_from = least(replaced_from, $2)
 WHERE id = ANY ($1::uuid[]);

-- name: slots_there
-- Which of these slots there are that have not begun.
SELECT id, starts_at, open, held, booked, capacity FROM slot
 WHERE id = ANY ($1::uuid[]) AND starts_at > clock_timestamp();

-- name: find_plan
-- What a version changes of what was there.
SELECT plan FROM schedule WHERE id = $1;

-- name: note_planned
-- All that a version changes was asked for.
UPDATE schedule SET planned_at = clock_timestamp() WHERE id = $1 AND planned_at IS NULL;
