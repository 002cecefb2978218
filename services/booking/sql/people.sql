-- name: count_merged
-- Whether anything has changed since it was last read: a row more, or one that leads elsewhere.
SELECT count(*) AS number, max(merged_at) AS latest FROM merged_person;

-- name: list_merged
-- Who leads to whom.
SELECT id, into_id FROM merged_person;

-- name: everybody_of
-- Whoever is erased with a person: whom they lead to, all others that lead there, and their children.
-- Who came of age is their own, and so is every adult.
WITH root AS (
    SELECT coalesce((SELECT into_id FROM merged_person WHERE id = $1), $1::uuid) AS id
), own AS (
    SELECT id FROM root UNION SELECT m.id FROM merged_person AS m JOIN root ON m.into_id = root.id
), kin AS (
    SELECT id FROM patient WHERE guardian_id IN (SELECT id FROM own) AND outgrown_at IS NULL
)
SELECT id FROM own UNION SELECT id FROM kin
UNION SELECT m.id FROM merged_person AS m JOIN kin ON m.into_id = kin.id
ORDER BY id;

-- name: bookings_ahead
-- How many bookings of these persons are undecided, or have a visit of theirs that is yet to come, or of
-- somebody for whom they act: what is a former dependant's is not theirs to cancel.
SELECT count(*) FROM booking AS b
 WHERE (b.owner_id = ANY ($1::uuid[]) OR b.guest_ids && $1) AND b.kind = 'booking'
   AND (b.status = 'pending' OR b.status = 'booked' AND EXISTS (
        SELECT FROM json_to_recordset(b.places) AS p (starts_at timestamptz, patient_id uuid)
         WHERE p.starts_at > clock_timestamp()
           AND (coalesce(p.patient_id, b.owner_id) = ANY ($1)
                OR b.owner_id = ANY ($1) AND EXISTS (
                   SELECT FROM relation AS r
                    WHERE r.proxy_id = ANY ($1) AND r.person_id = p.patient_id
                      AND r.state = 'accepted'))));

-- name: load_erasure
-- What became of this wish when it was asked before.
SELECT body_hash, erased_at FROM erasure WHERE id = $1;

-- name: note_erasure
-- Whoever comes second under the same id waits here, and then finds it.
INSERT INTO erasure (id, body_hash, why, erased_at) VALUES ($1, $2, $3, clock_timestamp())
    ON CONFLICT (id) DO NOTHING
RETURNING erased_at;

-- name: forget_erasure
-- Nothing was done, so the same wish may be asked again.
DELETE FROM erasure WHERE id = $1;

-- name: note_erased
-- Whom it concerned, to be told of at their homes.
INSERT INTO erased_person (erasure_id, person_id, home, erased_at)
SELECT $1, e.person_id, e.home, $2 FROM unnest($3::uuid[], $4::integer[]) AS e (person_id, home);

-- name: forget_profiles
-- The sealed fields go with the keys that opened them, and so does what they were found by.
DELETE FROM profile WHERE person_id = ANY ($1::uuid[]);

-- name: forget_waiting
-- Where they wait or have waited, so that a line has a place that is nobody's.
DELETE FROM waiter WHERE person_id = ANY ($1::uuid[]);

-- name: withdraw_consents
-- What they had agreed to ends; that they had, stays for as long as the rule says.
UPDATE consent SET withdrawn_at = clock_timestamp()
 WHERE person_id = ANY ($1::uuid[]) AND withdrawn_at IS NULL;

-- name: has_untold
-- Whether an erasure or a step of a visit of these homes is to be told.
SELECT EXISTS (SELECT FROM erased_person WHERE told_at IS NULL AND home = ANY ($1::integer[]))
    OR EXISTS (SELECT FROM visit_step WHERE told_at IS NULL AND home = ANY ($1::integer[]));

-- name: take_untold
-- In the transaction that tells of them.
UPDATE erased_person AS e SET told_at = clock_timestamp()
  FROM (SELECT erasure_id, person_id FROM erased_person
         WHERE told_at IS NULL AND home = ANY ($1::integer[])
         ORDER BY home, erased_at, person_id LIMIT $2 FOR UPDATE SKIP LOCKED) AS untold
 WHERE e.erasure_id = untold.erasure_id AND e.person_id = untold.person_id
RETURNING e.erasure_id, e.person_id, e.home, e.erased_at;

-- name: lock_people
-- Both, in one order; a person has a row from the first time that something must refer to them.
SELECT id, guardian_id FROM patient WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: register_person
-- A person without an account; nothing comes back where the id is there already.
INSERT INTO patient (id, body_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id;

-- name: is_known
-- Whether anything was ever heard of a person.
SELECT EXISTS (SELECT FROM profile WHERE person_id = $1)
    OR EXISTS (SELECT FROM patient WHERE id = $1)
    OR EXISTS (SELECT FROM booking WHERE owner_id = $1 AND kind = 'booking');

-- name: load_merges
-- What these wishes and persons have to do with merges that are there.
SELECT id, into_id, wish_id, body_hash FROM merged_person
 WHERE wish_id = $1 OR id = ANY ($2::uuid[]);

-- name: note_merge
-- From now on the one leads to the other.
INSERT INTO merged_person (id, into_id, wish_id, body_hash, by_id) VALUES ($1, $2, $3, $4, $5);

-- name: lead_on
-- Who led to the one leads to the other, so that nobody has to follow twice.
UPDATE merged_person SET into_id = $2, merged_at = clock_timestamp() WHERE into_id = $1;

-- name: has_live_place
-- Whether, under an id that leads to them, a person has this dose of the campaign, or this slot,
-- booked already: the referee knows each id by itself.
SELECT EXISTS (
    SELECT FROM booking AS b
     CROSS JOIN LATERAL json_to_recordset(b.places)
           AS p (slot_id uuid, patient_id uuid, dose smallint)
     WHERE b.owner_id = ANY ($1::uuid[]) AND b.kind = 'booking' AND b.status = 'booked'
       AND coalesce(p.patient_id, b.owner_id) = ANY ($2::uuid[])
       AND CASE WHEN $3::uuid IS NULL THEN b.campaign_id IS NULL AND p.slot_id = $4
                ELSE b.campaign_id = $3 AND p.dose = $5::integer END);
