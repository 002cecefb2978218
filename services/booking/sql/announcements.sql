-- name: write_announcement
-- Nothing comes back where this wish was there before.
INSERT INTO announcement (id, body_hash, audience, words, expires_at, made_by)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: load_announcement
-- As it is, with what time it is for it, and to how many it was told.
SELECT a.*, clock_timestamp() AS now,
       (SELECT count(*) FROM announced_person AS p
         WHERE p.announcement_id = a.id AND p.told_at IS NOT NULL) AS told
  FROM announcement AS a WHERE a.id = $1;

-- name: list_announcements
-- Newest first, from the cursor on.
SELECT a.*, clock_timestamp() AS now,
       (SELECT count(*) FROM announced_person AS p
         WHERE p.announcement_id = a.id AND p.told_at IS NOT NULL) AS told
  FROM announcement AS a
 WHERE $1::timestamptz IS NULL OR (a.made_at, a.id) < ($1, $2::uuid)
 ORDER BY a.made_at DESC, a.id DESC
 LIMIT $3;

-- name: seated_at_clinic
-- Who booked a visit at a clinic that begins in these times, and for whom.
SELECT DISTINCT b.owner_id, coalesce(p.patient_id, b.owner_id) AS person_id
  FROM booking AS b
 CROSS JOIN LATERAL json_to_recordset(b.places)
       AS p (slot_id uuid, service text, starts_at timestamptz, clinic_id uuid, patient_id uuid)
 WHERE b.slot_ids && ARRAY(
           SELECT s.id FROM slot AS s
            WHERE s.clinic_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3
              AND ($4::text IS NULL OR s.service = $4))
   AND b.status = 'booked' AND b.kind = 'booking'
   AND p.clinic_id = $1 AND p.starts_at >= $2 AND p.starts_at < $3
   AND ($4::text IS NULL OR p.service = $4)
 LIMIT $5;

-- name: seated_in_campaign
-- The same for a campaign's visits that are yet to begin.
SELECT DISTINCT b.owner_id, coalesce(p.patient_id, b.owner_id) AS person_id
  FROM booking AS b
 CROSS JOIN LATERAL json_to_recordset(b.places) AS p (starts_at timestamptz, patient_id uuid)
 WHERE b.campaign_id = $1 AND b.status = 'booked' AND b.kind = 'booking'
   AND p.starts_at > clock_timestamp()
 LIMIT $2;

-- name: residents
-- Who lives there; a child's guardian is who can be told.
SELECT DISTINCT coalesce(c.guardian_id, f.person_id) AS owner_id,
       coalesce(c.guardian_id, f.person_id) AS person_id
  FROM person_fact AS f
  LEFT JOIN patient AS c ON c.id = f.person_id AND c.guardian_id IS NOT NULL AND c.outgrown_at IS NULL
 WHERE f.district = ANY ($1::text[])
   AND ($2::date IS NULL OR f.born_month >= date_trunc('month', $2::date))
   AND ($3::date IS NULL OR f.born_month <= $3::date)
 LIMIT $4;

-- name: lock_announcement
-- One who changes it at a time; what is decided on is read by a statement of its own.
SELECT id FROM announcement WHERE id = $1 FOR UPDATE;

-- name: begin_announcement
-- Once, by the proposal that was agreed on. Nothing comes back where it has begun, or was stopped.
UPDATE announcement SET proposal_id = $2, people = $3, begun_at = clock_timestamp()
 WHERE id = $1 AND begun_at IS NULL AND stopped_at IS NULL AND expires_at > clock_timestamp()
RETURNING begun_at;

-- name: find_announced
-- Whom it is for from now on.
INSERT INTO announced_person (announcement_id, person_id, home)
SELECT $1, p.id, p.home FROM unnest($2::uuid[], $3::integer[]) AS p (id, home);

-- name: say_at_each_home
-- What is said of the announcement itself, everywhere it may be told.
INSERT INTO announcement_step (announcement_id, step, home, at)
SELECT $1, $2, h.home, clock_timestamp() FROM generate_series(0, $3::integer - 1) AS h (home);

-- name: begun_by
-- Whether it was begun by this proposal.
SELECT begun_at FROM announcement WHERE id = $1 AND proposal_id = $2;

-- name: announcements_under_way
-- Which have somebody left to be told. Who is locked is somebody else's to carry on.
SELECT id FROM announcement
 WHERE begun_at IS NOT NULL AND stopped_at IS NULL AND released < people
   AND expires_at > clock_timestamp()
 ORDER BY begun_at LIMIT 16 FOR UPDATE SKIP LOCKED;

-- name: release_announced
-- So many more may be told. The announcement's row is locked.
WITH next AS (
    SELECT person_id FROM announced_person
     WHERE announcement_id = $1 AND released_at IS NULL
     LIMIT $2
), released AS (
    UPDATE announced_person AS p SET released_at = clock_timestamp()
      FROM next WHERE p.announcement_id = $1 AND p.person_id = next.person_id
)
UPDATE announcement SET released = released + $2, released_at = clock_timestamp() WHERE id = $1;

-- name: stop_announcement
-- Nothing comes back where it was stopped before.
UPDATE announcement SET stopped_at = clock_timestamp(), stopped_by = $2
 WHERE id = $1 AND stopped_at IS NULL
RETURNING begun_at;

-- name: drop_untold_announced
-- Who was not told yet never will be.
DELETE FROM announced_person WHERE announcement_id = $1 AND told_at IS NULL;

-- name: has_untold_announced
-- Whether something of an announcement is to be told at these homes.
SELECT EXISTS (SELECT FROM announcement_step WHERE home = ANY ($1::integer[]) AND told_at IS NULL)
    OR EXISTS (SELECT FROM announced_person
                WHERE home = ANY ($1::integer[]) AND released_at IS NOT NULL AND told_at IS NULL);

-- name: take_announcement_steps
-- What is told of announcements themselves in this transaction.
UPDATE announcement_step AS s SET told_at = clock_timestamp()
  FROM announcement AS a
 WHERE a.id = s.announcement_id AND s.home = ANY ($1::integer[]) AND s.told_at IS NULL
RETURNING s.announcement_id, s.step, s.home, s.at, a.words, a.expires_at;

-- name: take_announced
-- Who is told in this transaction: nobody before the words were told there, which another snapshot may
-- not have seen yet.
UPDATE announced_person AS p SET told_at = clock_timestamp()
  FROM (SELECT q.announcement_id, q.person_id FROM announced_person AS q
         WHERE q.home = ANY ($1::integer[]) AND q.released_at IS NOT NULL AND q.told_at IS NULL
           AND EXISTS (SELECT FROM announcement_step AS s
                        WHERE s.announcement_id = q.announcement_id AND s.step = 'worded'
                          AND s.home = q.home AND s.told_at IS NOT NULL)
         ORDER BY q.home, q.released_at LIMIT $2 FOR UPDATE OF q SKIP LOCKED) AS next
 WHERE p.announcement_id = next.announcement_id AND p.person_id = next.person_id
RETURNING p.announcement_id, p.person_id, p.home, p.released_at;

-- name: forget_announced
-- They go with the person.
DELETE FROM announced_person WHERE person_id = ANY ($1::uuid[]);

-- name: forget_old_announced
-- To whom it was told so many days ago is forgotten, so many at a time; how many there were stays.
DELETE FROM announced_person AS p
 USING (SELECT announcement_id, person_id FROM announced_person
         WHERE told_at < clock_timestamp() - make_interval(days => $1) LIMIT $2) AS old
 WHERE p.announcement_id = old.announcement_id AND p.person_id = old.person_id;
