-- name: answered
-- Asked before? Then the same answer again.
SELECT id, body_hash, outcome, reply FROM answer WHERE id = ANY ($1::uuid[]);

-- name: slots_of_bookings
-- Which slots are meant by bookings and holds named by id; they are locked with the others.
SELECT DISTINCT slot_id FROM place WHERE booking_id = ANY ($1::uuid[]);

-- name: due_holds
-- Holds of my partitions whose time ran out, oldest first. statement_timestamp(), not clock_timestamp():
-- only a stable function can bound the scan, which looked at every hold there is.
SELECT DISTINCT booking_id
  FROM (SELECT booking_id FROM place
         WHERE home = ANY ($1::integer[]) AND home IS NOT NULL AND state <> 'booked'
           AND expires_at <= statement_timestamp()
         ORDER BY expires_at LIMIT $2) AS due;

-- name: lock_slots
-- The row lock is the queue: one decision at a time per slot; sorted, so that nobody waits in a ring.
-- A row's own columns are fresh after the wait; everything else is read by the next statement.
SELECT s.id, s.service, s.product, s.dose, s.modality, s.practitioner_id, s.resource, s.asks_for,
       s.starts_at, s.ends_at, s.capacity, s.held, s.booked, s.open, s.version,
       s.extra, s.closes_minutes_before, s.cancel_until_minutes_before,
       c.id AS clinic_id, c.name AS clinic_name, c.time_zone, c.address, c.district, c.latitude,
       c.longitude
  FROM slot AS s JOIN clinic AS c ON c.id = s.clinic_id
 WHERE s.id = ANY ($1::uuid[])
 ORDER BY s.id
   FOR NO KEY UPDATE OF s;

-- name: read_places
-- After the locks, a statement of its own: one that waited would still see the past. Why a row is
-- here: 'named' by a command or due, 'dead' in a locked slot that is held, 'claim' for a claim's holder, or 'hand'
-- for what somebody who wants to hold more holds elsewhere.
-- The dead are looked for slot by slot, by the index that has each slot's oldest hold first: planned over
-- all slots at once, while nobody held anything, every hold there is was read (3 ms a batch with 4,000).
WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at),
found AS (
    SELECT 'named' AS why, p.* FROM place AS p
     WHERE p.booking_id = ANY ($1::uuid[])
    UNION ALL
    SELECT 'dead', d.* FROM now, unnest($2::uuid[]) AS locked (slot_id)
     CROSS JOIN LATERAL (
           SELECT p.* FROM place AS p
            WHERE p.slot_id = locked.slot_id AND p.state = 'held' AND p.expires_at <= now.at
              AND p.booking_id <> ALL ($1::uuid[])
            ORDER BY p.expires_at
           OFFSET 0) AS d
    UNION ALL
    SELECT 'claim', p.* FROM place AS p
     WHERE p.claim = ANY ($3::bytea[]) AND p.booking_id <> ALL ($1::uuid[])
    UNION ALL
    SELECT 'hand', p.* FROM place AS p
     WHERE p.owner_id = ANY ($4::uuid[]) AND p.booking_id <> ALL ($1::uuid[])
)
SELECT now.at, f.why, f.id, f.slot_id, f.booking_id, f.home, f.ordinal, f.size, f.version,
       f.state, f.expires_at, f.claim, f.owner_id, f.hand
  FROM now LEFT JOIN found AS f ON true
 ORDER BY f.booking_id, f.ordinal;

-- name: read_clinics
-- Which clinics are known already.
SELECT id, name, time_zone, address, district, latitude, longitude
  FROM clinic WHERE id = ANY ($1::uuid[]);

-- name: delete_places
-- What changed or went, before anything is written: a claim may go from one seat to another.
DELETE FROM place WHERE id = ANY ($1::uuid[]);

-- name: make_known
-- New clinics and slots, before anything is counted. What somebody else wrote first is not overwritten:
-- the counts then differ from what was meant, and the batch is decided again.
WITH clinics AS (
    INSERT INTO clinic (id, name, time_zone, address, district, latitude, longitude)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
                         $6::float8[], $7::float8[])
        ON CONFLICT DO NOTHING RETURNING 1
), opened AS (
    INSERT INTO slot (id, clinic_id, service, starts_at, ends_at, capacity, held, booked, open, version,
                      product, dose, modality, practitioner_id, resource, asks_for,
                      closes_minutes_before, cancel_until_minutes_before, extra)
    SELECT * FROM unnest($8::uuid[], $9::uuid[], $10::text[], $11::timestamptz[], $12::timestamptz[],
                         $13::integer[], $14::integer[], $15::integer[], $16::boolean[], $17::bigint[],
                         $18::text[], $19::smallint[], $20::text[], $21::uuid[], $22::text[],
                         $23::text[], $24::integer[], $25::integer[], $26::integer[])
        ON CONFLICT DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM clinics) AS clinics, (SELECT count(*) FROM opened) AS opened;

-- name: save
-- All a batch decided, in one statement. A slot is counted only from the version that was read: the second
-- guard, should the lock ever be missing; the count then differs from what was meant, and the batch is
-- decided again. So it is where a seat, a claim or an answer is another's by now: an answer is for ever. No
-- ON CONFLICT, which looks into every unique index once more before each row that it writes.
WITH counted AS (
    UPDATE slot AS s
       SET capacity = n.capacity, held = n.held, booked = n.booked, open = n.open, version = n.version,
           extra = n.extra
      FROM unnest($1::slot_count[]) AS n
     WHERE s.id = n.id AND s.version = n.version_before
    RETURNING 1
), seated AS (
    INSERT INTO place (id, slot_id, booking_id, home, ordinal, size, version, state, expires_at, claim,
                       owner_id, hand)
    SELECT * FROM unnest($2::seat[])
), answered AS (
    INSERT INTO answer (id, body_hash, outcome, reply, decided_at)
    SELECT n.id, n.body_hash, n.outcome, n.reply, $4 FROM unnest($3::given_answer[]) AS n
), noted AS (
    INSERT INTO batch (at, positions, swept) VALUES ($4, $5::jsonb, $6::uuid[])
)
SELECT count(*) FROM counted;

-- name: change_clinics
-- After `save`, since a clinic may be opened and changed in one batch. A clinic is only ever decided
-- at its own home, so nobody else writes it meanwhile.
UPDATE clinic AS c
   SET name = n.name, address = n.address, district = n.district, latitude = n.latitude,
       longitude = n.longitude
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[])
       AS n (id, name, address, district, latitude, longitude)
 WHERE c.id = n.id;

-- name: limit_slots
-- What staff changed of slots' limits; and who let in more people than there are places, or fewer again.
-- The slots are locked, and counted by `save` before this.
WITH said AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::integer[], $5::integer[], $6::uuid[])
                  AS n (id, version, closes_minutes_before, cancel_until_minutes_before, extra, by_id)
), noted AS (
    INSERT INTO overbooking (slot_id, version, extra, by_id, at)
    SELECT id, version, extra, by_id, $7 FROM said WHERE by_id IS NOT NULL
)
UPDATE slot AS s
   SET closes_minutes_before = n.closes_minutes_before,
       cancel_until_minutes_before = n.cancel_until_minutes_before
  FROM (SELECT DISTINCT ON (id) * FROM said ORDER BY id, version DESC) AS n
 WHERE s.id = n.id;

-- name: forget_doses
-- Of seats that are no more, where one of the slots is for one dose alone.
DELETE FROM place_dose WHERE place_id = ANY ($1::uuid[]);

-- name: note_doses
-- For which dose each of these seats is, beside what its slot says, which is compared here. After `save`,
-- and only where a slot says so. Written again, it is the same seat's.
INSERT INTO place_dose (place_id, slot_id, dose, slot_dose)
SELECT n.place_id, s.id, n.dose, s.dose
  FROM unnest($1::uuid[], $2::uuid[], $3::smallint[]) AS n (place_id, slot_id, dose)
  JOIN slot AS s ON s.id = n.slot_id AND s.dose IS NOT NULL
    ON CONFLICT (place_id) DO UPDATE
   SET slot_id = excluded.slot_id, dose = excluded.dose, slot_dose = excluded.slot_dose;

-- name: answer_failed
-- A command set aside has its answer too; one that was answered before keeps that.
INSERT INTO answer (id, body_hash, outcome, reply, decided_at)
VALUES ($1, $2, 'failed', $3, $4)
    ON CONFLICT (id) DO NOTHING;

-- name: forget_old_answers
-- Refusals are kept for a week; what was done is kept for ever, and so is what ran out undecided: under
-- its next name the same wish may have been done since. A bite at a time.
DELETE FROM answer WHERE id IN (
    SELECT id FROM answer
     WHERE outcome NOT IN ('done', 'expired') AND decided_at < clock_timestamp() - make_interval(days => $1)
     LIMIT $2);

-- name: forget_old_batches
-- As long as refusals are.
DELETE FROM batch WHERE id IN (
    SELECT id FROM batch WHERE at < clock_timestamp() - make_interval(days => $1) LIMIT $2);
