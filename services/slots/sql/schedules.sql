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
       withdrawn_at
  FROM schedule WHERE id = $1;

-- name: standing_schedules
-- A clinic's schedules for a service that reach into these dates, and were not withdrawn; of other
-- series than this one.
SELECT id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute, ends_minute,
       slot_minutes, capacity, valid_from, valid_to, body_hash, made_at, closes_minutes_before,
       cancel_until_minutes_before, rrule, breaks,
       buffer_minutes, except_dates, extra_dates, on_holidays, holidays, doses, modality,
       practitioner_id, resource, asks_for, series_id, version, replaced_from, opened,
       withdrawn_at
  FROM schedule
 WHERE clinic_id = $1 AND service = $2 AND valid_from <= $4
   AND least(valid_to, replaced_from - 1, 'infinity') >= $3
   AND withdrawn_at IS NULL AND coalesce(series_id, id) <> $5
 ORDER BY made_at, id;

-- name: add_schedule
-- Nothing comes back where the same key was used for another clinic meanwhile.
INSERT INTO schedule (id, clinic_id, time_zone, service, product, dose, weekdays, starts_minute,
                      ends_minute, slot_minutes, capacity, valid_from, valid_to, body_hash, made_at,
                      closes_minutes_before, cancel_until_minutes_before, rrule, breaks, buffer_minutes, except_dates, extra_dates, on_holidays,
                      holidays, doses, modality, practitioner_id, resource, asks_for, series_id,
                      version, opened, plan)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
    ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: note_opened
-- All its slots were asked for, and so many were opened.
UPDATE schedule SET opened = $2 WHERE id = $1;

-- name: withdraw_schedule
-- All its versions; the first time counts. Nothing comes back where there is no such schedule.
UPDATE schedule SET withdrawn_at = coalesce(withdrawn_at, clock_timestamp())
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
       withdrawn_at
  FROM schedule
 WHERE clinic_id = $1 AND ($2::timestamptz IS NULL OR (made_at, id) > ($2, $3::uuid))
 ORDER BY made_at, id
 LIMIT $4;

-- name: lock_series
-- All versions of a schedule, the first one first.
SELECT id, opened IS NOT NULL AND (plan IS NULL OR planned_at IS NOT NULL) AS is_finished
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
       withdrawn_at
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
