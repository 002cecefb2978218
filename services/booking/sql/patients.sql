-- name: ensure_patient
-- An account's own row, made when something must refer to it.
INSERT INTO patient (id) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: lock_patient
-- One wish of a guardian at a time, so that the limit of dependants is kept.
SELECT id FROM patient WHERE id = $1 FOR NO KEY UPDATE;

-- name: load_patient
-- Whose dependant this is, and what was asked when it was made.
SELECT guardian_id, body_hash FROM patient WHERE id = $1;

-- name: make_dependant
-- Nothing comes back where the guardian has as many as may be.
INSERT INTO patient (id, guardian_id, body_hash)
SELECT $1, $2, $3
 WHERE (SELECT count(*) FROM patient WHERE guardian_id = $2) < $4
RETURNING id;

-- name: be_person
-- Whose rows may be seen, under which ids, until this transaction ends.
SELECT set_config('talon.person', $1::uuid[]::text, true);

-- name: own_patient
-- Whose dependant this is, if it is the person's own. Whose rows may be seen is said first.
SELECT guardian_id FROM patient
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL AND id = $2;

-- name: list_dependants
-- A guardian's dependants, under each of the guardian's ids, oldest first. Whose rows may be seen is
-- said first.
SELECT id FROM patient
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND guardian_id = ANY ($1)
 ORDER BY made_at, id;
