-- name: find_contact
-- A person's own address. Whose rows may be seen is said first, for this statement alone: a condition
-- without a column is looked at once, before any row is.
SELECT email FROM contact
 WHERE (SELECT set_config('talon.person', $1::uuid::text, true)) IS NOT NULL AND person_id = $1;

-- name: keep_contact
-- The last word counts; messages not yet claimed go to the new address.
INSERT INTO contact (person_id, email)
SELECT $1::uuid, $2 WHERE (SELECT set_config('talon.person', $1::uuid::text, true)) IS NOT NULL
    ON CONFLICT (person_id) DO UPDATE
       SET email = excluded.email, changed_at = clock_timestamp()
     WHERE contact.email <> excluded.email;

-- name: forget_contact
-- Who wants no mail leaves no address behind.
DELETE FROM contact
 WHERE (SELECT set_config('talon.person', $1::uuid::text, true)) IS NOT NULL AND person_id = $1;

-- name: ping
-- True when this server takes writes.
SELECT NOT pg_is_in_recovery() AS takes_writes;
