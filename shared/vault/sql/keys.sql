-- name: find_keys
-- The keys of these persons that are there and not destroyed.
SELECT person_id, generation, master_id, wrapped FROM person_key
 WHERE person_id = ANY ($1::uuid[]) AND wrapped IS NOT NULL;

-- name: hold_key
-- One change of a person at a time: whoever seals, erases or merges holds this row.
SELECT person_id, generation, master_id, wrapped FROM person_key
 WHERE person_id = $1 FOR UPDATE;

-- name: lock_keys
-- Those that there are, in one order.
SELECT person_id FROM person_key WHERE person_id = ANY ($1::uuid[]) ORDER BY person_id FOR UPDATE;

-- name: make_key
-- A first key, or the next one after the last was destroyed. Who comes second makes none.
INSERT INTO person_key (person_id, generation, master_id, wrapped)
VALUES ($1, $2, $3, $4)
    ON CONFLICT (person_id) DO UPDATE
       SET generation = excluded.generation, master_id = excluded.master_id,
           wrapped = excluded.wrapped, made_at = clock_timestamp(), destroyed_at = NULL
     WHERE person_key.wrapped IS NULL AND person_key.generation = excluded.generation - 1
RETURNING person_id;

-- name: destroy_keys
-- In one order, so that two who destroy the same wait for each other and never in a ring.
WITH meant AS (
    SELECT person_id FROM person_key
     WHERE person_id = ANY ($1::uuid[]) AND wrapped IS NOT NULL
     ORDER BY person_id FOR UPDATE
)
UPDATE person_key AS k
   SET wrapped = NULL, master_id = NULL, destroyed_at = clock_timestamp()
  FROM meant WHERE k.person_id = meant.person_id
RETURNING k.person_id;

-- name: count_keys
-- How many keys each master key wraps.
SELECT master_id, count(*) AS keys FROM person_key
 WHERE wrapped IS NOT NULL GROUP BY master_id ORDER BY master_id;

-- name: count_old_keys
-- How many keys are not wrapped by this master key yet.
SELECT count(*) FROM person_key WHERE master_id <> $1 AND wrapped IS NOT NULL;

-- name: take_keys_to_rewrap
-- SKIP LOCKED: two who rewrap share the work, and a person who is just being changed comes later.
SELECT person_id, generation, master_id, wrapped FROM person_key
 WHERE master_id <> $1 AND wrapped IS NOT NULL
 ORDER BY person_id LIMIT $2
   FOR UPDATE SKIP LOCKED;

-- name: rewrap_keys
-- Of rows that this transaction holds.
UPDATE person_key AS k SET master_id = n.master_id, wrapped = n.wrapped
  FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS n (person_id, master_id, wrapped)
 WHERE k.person_id = n.person_id;
