-- name: own_children
-- Those of these who are the person's children, and since when they are known here. Whose rows may be
-- seen is said first; who came of age is not there any more.
SELECT p.id, p.guardian_id, p.made_at,
       EXISTS (SELECT FROM profile AS q WHERE q.person_id = p.id) AS has_profile
  FROM patient AS p
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND p.guardian_id = ANY ($1) AND p.outgrown_at IS NULL
   AND ($2::uuid[] IS NULL OR p.id = ANY ($2))
 ORDER BY p.made_at, p.id;

-- name: note_outgrown
-- Somebody was found to have come of age: whatever is said of their birth date afterwards, it stays so.
UPDATE patient SET outgrown_at = clock_timestamp()
 WHERE id = ANY ($1::uuid[]) AND outgrown_at IS NULL;

-- name: own_adults
-- Those of these who agree, now, that the person acts for them. Whose rows may be seen is said first.
SELECT person_id FROM relation
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND proxy_id = ANY ($1) AND person_id = ANY ($2::uuid[]) AND state = 'accepted';

-- name: standing
-- How each of $2 stands to each of $1 who booked for them, under all ids that lead to either: a child of
-- theirs, an adult who agrees as of now, somebody without an account. Who is the same person under two ids
-- is told as one.
WITH pair AS (
    SELECT p.owner_id, p.person_id,
           o.root || ARRAY(SELECT m.id FROM merged_person AS m WHERE m.into_id = o.root) AS owner_ids,
           q.root || ARRAY(SELECT m.id FROM merged_person AS m WHERE m.into_id = q.root) AS person_ids
      FROM unnest($1::uuid[], $2::uuid[]) AS p (owner_id, person_id)
     CROSS JOIN LATERAL (SELECT coalesce((SELECT into_id FROM merged_person WHERE id = p.owner_id),
                                         p.owner_id) AS root) AS o
     CROSS JOIN LATERAL (SELECT coalesce((SELECT into_id FROM merged_person WHERE id = p.person_id),
                                         p.person_id) AS root) AS q
)
SELECT owner_id, person_id,
       owner_ids[1] = person_ids[1]
       OR EXISTS (SELECT FROM patient AS c
                   WHERE c.id = ANY (person_ids) AND c.guardian_id = ANY (owner_ids)
                     AND c.outgrown_at IS NULL) AS is_child,
       EXISTS (SELECT FROM relation AS r
                WHERE r.proxy_id = ANY (owner_ids) AND r.person_id = ANY (person_ids)
                  AND r.state = 'accepted') AS agrees,
       EXISTS (SELECT FROM relation AS r
                WHERE r.person_id = ANY (person_ids) AND r.made_person) AS is_made
  FROM pair;

-- name: relations_of_proxy
-- For whom the person acts, or would like to, oldest first. Whose rows may be seen is said first.
SELECT id, proxy_id, person_id, state, made_person, consent_version, consented_at, witness_id,
       proposed_at, changed_at
  FROM relation
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND proxy_id = ANY ($1)
 ORDER BY proposed_at, id;

-- name: relations_of_person
-- Who acts for the person, did, or would like to, newest first. Whose rows may be seen is said first.
SELECT id, proxy_id, person_id, state, made_person, consent_version, consented_at, witness_id,
       proposed_at, changed_at
  FROM relation
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND person_id = ANY ($1)
 ORDER BY proposed_at DESC, id DESC
 LIMIT $2;

-- name: lock_relation
-- One saying at a time.
SELECT id, proxy_id, person_id, state, made_person, consent_version, consented_at, witness_id,
       proposed_at, changed_at, body_hash
  FROM relation WHERE id = $1 FOR NO KEY UPDATE;

-- name: relation_of_two
-- The one relation of the two that is not over; there may be one under each of their ids.
SELECT id FROM relation
 WHERE proxy_id = ANY ($1::uuid[]) AND person_id = ANY ($2::uuid[]) AND state <> 'withdrawn'
 ORDER BY (state = 'accepted') DESC, proposed_at, id LIMIT 1;

-- name: propose_relation
-- Nothing comes back where the proxy has as many dependants as there may be.
INSERT INTO relation (id, proxy_id, person_id, state, made_person, body_hash, changed_by)
SELECT $1, $2, $3, 'proposed', $4, $5, $6
 WHERE (SELECT count(*) FROM patient WHERE guardian_id = $2 AND outgrown_at IS NULL)
     + (SELECT count(*) FROM relation WHERE proxy_id = $2 AND state IN ('proposed', 'accepted')) < $7
RETURNING id;

-- name: change_relation
-- What was agreed to, when and before whom, is written with what comes of it.
UPDATE relation
   SET state = $2, changed_by = $3, changed_at = clock_timestamp(),
       consent_version = CASE WHEN $2 = 'accepted' THEN $4 ELSE consent_version END,
       consented_at = CASE WHEN $2 = 'accepted' THEN clock_timestamp() ELSE consented_at END,
       witness_id = CASE WHEN $2 = 'accepted' THEN $5 ELSE witness_id END
 WHERE id = $1
RETURNING id, proxy_id, person_id, state, made_person, consent_version, consented_at, witness_id,
          proposed_at, changed_at;

-- name: end_relations
-- Nobody acts for an erased person any more, nor an erased person for anybody.
UPDATE relation SET state = 'withdrawn', changed_by = $1[1], changed_at = clock_timestamp()
 WHERE (proxy_id = ANY ($1::uuid[]) OR person_id = ANY ($1)) AND state <> 'withdrawn';

-- name: forget_old_relations
-- So many days after their end nobody has to show any more that they were.
DELETE FROM relation
 WHERE id IN (SELECT id FROM relation
               WHERE state = 'withdrawn' AND changed_at < clock_timestamp() - make_interval(days => $1)
               ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED);
