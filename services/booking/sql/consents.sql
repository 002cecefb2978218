-- name: list_consents
-- All that a person ever agreed to, under every id that leads to them, in order. Whose rows may be seen
-- is said first.
SELECT kind, version, given_at, withdrawn_at FROM consent
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND person_id = ANY ($1) ORDER BY given_at, id;

-- name: withdraw_consent
-- Under whichever id it was given.
UPDATE consent SET withdrawn_at = clock_timestamp()
 WHERE person_id = ANY ($1::uuid[]) AND kind = $2 AND withdrawn_at IS NULL;

-- name: end_older_consent
-- What was agreed to in other words ends when the new ones are.
UPDATE consent SET withdrawn_at = clock_timestamp()
 WHERE person_id = ANY ($1::uuid[]) AND kind = $2 AND withdrawn_at IS NULL AND version <> $3;

-- name: give_consent
-- Given already, it stays as it is.
INSERT INTO consent (person_id, kind, version)
SELECT $1, $3, $4
 WHERE NOT EXISTS (
       SELECT FROM consent WHERE person_id = ANY ($2::uuid[]) AND kind = $3 AND withdrawn_at IS NULL)
    ON CONFLICT (person_id, kind) WHERE withdrawn_at IS NULL DO NOTHING;

-- name: forget_old_consents
-- So many days after their end nobody has to show any more that they were given.
DELETE FROM consent
 WHERE id IN (SELECT id FROM consent
               WHERE withdrawn_at < clock_timestamp() - make_interval(days => $1)
               ORDER BY withdrawn_at LIMIT $2 FOR UPDATE SKIP LOCKED);
