-- name: ensure_patient
-- An account's own row, made when something must refer to it.
INSERT INTO patient (id) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: lock_patient
-- One wish of a guardian at a time, so that the limit of dependants is kept.
SELECT id FROM patient WHERE id = $1 FOR NO KEY UPDATE;

-- name: load_patient
-- Whose dependant this is, and what was asked when it was made.
SELECT guardian_id, body_hash FROM patient WHERE id = $1;

-- name: load_child
-- Whether it is a guardian's, and was not seen to have come of age.
SELECT id, guardian_id FROM patient WHERE id = $1 AND guardian_id IS NOT NULL AND outgrown_at IS NULL;

-- name: make_dependant
-- Nothing comes back where the guardian has as many as may be.
INSERT INTO patient (id, guardian_id, body_hash)
SELECT $1, $2, $3
 WHERE (SELECT count(*) FROM patient WHERE guardian_id = $2 AND outgrown_at IS NULL)
     + (SELECT count(*) FROM relation WHERE proxy_id = $2 AND state IN ('proposed', 'accepted')) < $4
RETURNING id;

-- name: be_person
-- Whose rows may be seen, under which ids, until this transaction ends.
SELECT set_config('talon.person', $1::uuid[]::text, true);
