-- name: open_visits
-- Places in virtual slots that begin from $1 to $2 become visits, one for each place that is booked;
-- those that are there stay as they are. $3: of one slot alone. Who is in a slot is looked up for each
-- slot by itself: planned as a join, it read all bookings there are.
INSERT INTO visit (id, booking_id, booking_version, home, owner_id, patient_id, slot_id, clinic_id,
                   line_id, starts_at, ends_at, place, due_at)
SELECT p.id, b.id, b.version, b.home, b.owner_id, coalesce(p.patient_id, b.owner_id), s.id,
       s.clinic_id, coalesce(s.practitioner_id, s.clinic_id), p.starts_at, p.ends_at, b.place,
       p.starts_at + make_interval(secs => $4)
  FROM slot AS s
 CROSS JOIN LATERAL (
       SELECT b.id, b.version, b.home, b.owner_id, e.place
         FROM booking AS b CROSS JOIN LATERAL json_array_elements(b.places) AS e (place)
        WHERE b.slot_ids @> ARRAY[s.id] AND b.status = 'booked' AND b.kind = 'booking'
       OFFSET 0) AS b
 CROSS JOIN LATERAL json_to_record(b.place)
       AS p (id uuid, slot_id uuid, starts_at timestamptz, ends_at timestamptz, patient_id uuid)
 WHERE s.modality = 'virtual' AND s.starts_at >= $1 AND s.starts_at < $2
   AND ($3::uuid IS NULL OR s.id = $3) AND p.slot_id = s.id
 ORDER BY p.id
    ON CONFLICT (id) DO NOTHING;

-- name: opening_times
-- From when to when the beginning of a visit is, whose window is open now: $1 seconds before it, $2
-- seconds after. With $3, from when on they were looked at before; a little of that again, for what
-- was booked at the last moment.
SELECT clock_timestamp() AS at,
       coalesce(greatest($3::timestamptz - interval '2 minutes',
                         clock_timestamp() - make_interval(secs => $2)),
                clock_timestamp() - make_interval(secs => $2)) AS since,
       clock_timestamp() + make_interval(secs => $1) AS until;

-- name: lock_visit
-- One step at a time. Its own statement: what is read after it is so while the lock is held.
SELECT id FROM visit WHERE id = $1 FOR UPDATE;

-- name: load_visits
-- As they are now, each with whether its place is still booked, by PostgreSQL's clock when that is, and
-- with who is told of it: who booked, while they act for the patient, else the patient; under all ids
-- that lead to either, as in `standing`.
SELECT v.*, clock_timestamp() AS at,
       CASE WHEN v.patient_id = v.owner_id
              OR EXISTS (SELECT FROM patient AS c
                          WHERE c.id = ANY (q.ids) AND c.guardian_id = ANY (o.ids) AND c.outgrown_at IS NULL)
              OR EXISTS (SELECT FROM relation AS r
                          WHERE r.proxy_id = ANY (o.ids) AND r.person_id = ANY (q.ids) AND r.state = 'accepted')
            THEN v.owner_id ELSE v.patient_id END AS hearer_id,
       EXISTS (SELECT FROM booking AS b CROSS JOIN LATERAL json_array_elements(b.places) AS p
                WHERE b.id = v.booking_id AND b.status = 'booked'
                  AND (p->>'id')::uuid = v.id) AS is_booked
  FROM visit AS v
 CROSS JOIN LATERAL (
       SELECT r.id || ARRAY(SELECT m.id FROM merged_person AS m WHERE m.into_id = r.id) AS ids
         FROM (SELECT coalesce((SELECT into_id FROM merged_person WHERE id = v.owner_id), v.owner_id) AS id) AS r
       OFFSET 0) AS o
 CROSS JOIN LATERAL (
       SELECT r.id || ARRAY(SELECT m.id FROM merged_person AS m WHERE m.into_id = r.id) AS ids
         FROM (SELECT coalesce((SELECT into_id FROM merged_person WHERE id = v.patient_id), v.patient_id) AS id) AS r
       OFFSET 0) AS q
 WHERE v.id = ANY ($1::uuid[])
 ORDER BY v.id;

-- name: open_attendance
-- These places of a booking at a clinic get their visits, if they are booked; those that are there stay.
INSERT INTO visit (id, booking_id, booking_version, home, owner_id, patient_id, slot_id, clinic_id,
                   line_id, starts_at, ends_at, place, modality)
SELECT p.id, b.id, b.version, b.home, b.owner_id, coalesce(p.patient_id, b.owner_id), p.slot_id,
       p.clinic_id, coalesce(p.practitioner_id, p.clinic_id), p.starts_at, p.ends_at, e.place, 'physical'
  FROM booking AS b
 CROSS JOIN LATERAL json_array_elements(b.places) AS e (place)
 CROSS JOIN LATERAL json_to_record(e.place)
       AS p (id uuid, slot_id uuid, starts_at timestamptz, ends_at timestamptz, clinic_id uuid,
             patient_id uuid, practitioner_id uuid, modality text)
 WHERE b.id = $1 AND b.status = 'booked' AND b.kind = 'booking' AND p.id = ANY ($2::uuid[])
   AND coalesce(p.modality, 'physical') = 'physical'
 ORDER BY p.id
    ON CONFLICT (id) DO NOTHING;

-- name: lock_visits
-- Several at once, sorted, so that nobody waits in a ring.
SELECT id FROM visit WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: lock_due_visits
-- Those of which something happens by itself by now, and whom nobody is dealing with.
SELECT id FROM visit WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED;

-- name: step_of_wish
-- What an earlier request with this key did.
SELECT visit_id, version, step, status, taken_at, body_hash FROM visit_step WHERE wish_id = $1;

-- name: write_visits
-- How visits stand after their steps, each from the version that was read.
UPDATE visit AS v
   SET status = c.status, presence = c.presence, version = c.version, noshow_by = c.noshow_by,
       arrived_at = c.arrived_at, admitted_at = c.admitted_at, ended_at = c.ended_at,
       dropped_at = c.dropped_at, seen_at = c.seen_at, due_at = c.due_at
  FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::text[],
              $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],
              $11::timestamptz[], $12::timestamptz[])
       AS c (id, before, status, presence, version, noshow_by, arrived_at, admitted_at, ended_at,
             dropped_at, seen_at, due_at)
 WHERE v.id = c.id AND v.version = c.before
RETURNING v.id;

-- name: write_steps
-- What happened, and what is told of it; a step of which nothing is told has been told.
INSERT INTO visit_step (visit_id, version, step, status, taken_at, by_id, wish_id, body_hash, home,
                        event, told_at)
SELECT s.visit_id, s.version, s.step, s.status, s.taken_at, s.by_id, s.wish_id, s.body_hash, s.home,
       s.event::json, CASE WHEN s.event IS NULL THEN s.taken_at END
  FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[],
              $7::uuid[], $8::bytea[], $9::integer[], $10::text[])
       AS s (visit_id, version, step, status, taken_at, by_id, wish_id, body_hash, home, event);

-- name: take_untold_steps
-- In the transaction that tells of them, in the order in which they happened.
UPDATE visit_step AS s SET told_at = clock_timestamp()
  FROM (SELECT visit_id, version FROM visit_step
         WHERE told_at IS NULL AND home = ANY ($1::integer[])
         ORDER BY home, taken_at, visit_id, version LIMIT $2 FOR UPDATE SKIP LOCKED) AS untold
 WHERE s.visit_id = untold.visit_id AND s.version = untold.version
RETURNING s.home, s.taken_at, s.visit_id, s.version, s.event;

-- name: load_line
-- Who is in a practitioner's line today, or was: those that begin up to half a day before and after.
SELECT v.* FROM visit AS v
 WHERE v.clinic_id = $1 AND v.line_id = $2 AND v.modality = 'virtual'
   AND v.starts_at > $3::timestamptz - interval '12 hours'
   AND v.starts_at < $3::timestamptz + interval '12 hours'
 ORDER BY v.starts_at, v.id;

-- name: list_queue
-- A practitioner's virtual places on one of the clinic's days, booked, and what has become of each, in
-- order of time, from the cursor on. Where a day begins is as in list_day.
SELECT p.id AS visit_id, b.id AS booking_id, p.slot_id, p.service, p.starts_at, p.ends_at,
       coalesce(p.patient_id, b.owner_id) AS patient_id, coalesce(v.status, 'booked') AS status,
       coalesce(v.presence, 'absent') AS presence, v.noshow_by, v.arrived_at, v.admitted_at, v.ended_at
  FROM booking AS b
 CROSS JOIN LATERAL json_to_recordset(b.places)
       AS p (id uuid, slot_id uuid, service text, starts_at timestamptz, ends_at timestamptz,
             clinic_id uuid, time_zone text, patient_id uuid)
  LEFT JOIN visit AS v ON v.id = p.id
 WHERE b.slot_ids && ARRAY(
           SELECT s.id FROM slot AS s
            WHERE s.clinic_id = $1 AND s.modality = 'virtual'
              AND coalesce(s.practitioner_id, s.clinic_id) = $2
              AND s.starts_at >= $3::date::timestamp AT TIME ZONE 'UTC' - interval '14 hours'
              AND s.starts_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC' + interval '12 hours')
   AND b.status = 'booked' AND b.kind = 'booking'
   AND p.slot_id IN (SELECT s.id FROM slot AS s
                      WHERE s.id = p.slot_id AND s.clinic_id = $1 AND s.modality = 'virtual'
                        AND coalesce(s.practitioner_id, s.clinic_id) = $2)
   AND (p.starts_at AT TIME ZONE p.time_zone)::date = $3::date
   AND ($4::timestamptz IS NULL OR (p.starts_at, p.id) > ($4, $5::uuid))
 ORDER BY p.starts_at, p.id
 LIMIT $6;

-- name: own_visits
-- What became of the visits of these bookings, of the person's own, as far as they are of these patients.
-- Whose rows may be seen is said first.
SELECT v.* FROM visit AS v
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND v.booking_id = ANY ($2::uuid[]) AND v.patient_id = ANY ($3::uuid[])
 ORDER BY v.starts_at, v.id;
