-- name: lock_seats
-- One wish of a person for a service at a time; what is judged is read by a statement of its own, since
-- one that waited still sees the past.
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2::text, 0));

-- name: load_seats
-- A person's bookings of a service, under each of their ids, by the times that are booked and those that
-- are asked for. Not known here yet, a booking counts for ten minutes: its answer is on its way.
SELECT s.number, s.booking_id, s.starts || coalesce(v.starts, '{}') AS starts,
       CASE WHEN b.id IS NULL THEN s.made_at > clock_timestamp() - interval '10 minutes'
            ELSE b.status IN ('pending', 'held', 'booked') END AS lives, s.person_id
  FROM visit_seat AS s
  LEFT JOIN booking AS b ON b.id = s.booking_id
  LEFT JOIN LATERAL (
       SELECT array_agg(p.starts_at) AS starts
         FROM json_to_recordset(b.places) AS p (service text, starts_at timestamptz, patient_id uuid)
        WHERE b.status = 'booked' AND p.service = $2
          AND coalesce(p.patient_id, b.owner_id) = ANY ($1::uuid[])) AS v ON true
 WHERE s.person_id = ANY ($1::uuid[]) AND s.service = $2
UNION ALL
SELECT NULL, b.id, v.starts, true, b.owner_id
  FROM booking AS b
 CROSS JOIN LATERAL (
       SELECT array_agg(p.starts_at) AS starts
         FROM json_to_recordset(b.places) AS p (service text, starts_at timestamptz, patient_id uuid)
        WHERE p.service = $2 AND coalesce(p.patient_id, b.owner_id) = ANY ($1::uuid[])) AS v
 WHERE b.owner_id = ANY ($1::uuid[]) AND b.kind = 'booking' AND b.status = 'booked'
   AND v.starts IS NOT NULL
   AND NOT EXISTS (SELECT FROM visit_seat AS s
                    WHERE s.booking_id = b.id AND s.service = $2 AND s.person_id = ANY ($1::uuid[]));

-- name: leave_seats
-- What does not live any more makes room.
DELETE FROM visit_seat WHERE service = $1 AND booking_id = ANY ($2::uuid[]) AND person_id = ANY ($3::uuid[]);

-- name: take_seat
-- Its own again, or a free one; a number that somebody else took meanwhile breaks the constraint.
INSERT INTO visit_seat AS s (person_id, service, number, booking_id, starts)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (person_id, service, number) DO UPDATE
       SET starts = excluded.starts WHERE s.booking_id = excluded.booking_id
RETURNING number;

-- name: give_back_seats
-- What was asked for was refused. Of a booking that stands, the visits that it has are what counts.
WITH kept AS (
    UPDATE visit_seat SET starts = '{}'
     WHERE booking_id = $1 AND EXISTS (SELECT FROM booking WHERE id = $1 AND status = 'booked')
    RETURNING 1
)
DELETE FROM visit_seat
 WHERE booking_id = $1 AND NOT EXISTS (SELECT FROM booking WHERE id = $1 AND status IN ('booked', 'pending'));

-- name: forget_seats
-- They go with the person.
DELETE FROM visit_seat WHERE person_id = ANY ($1::uuid[]);
