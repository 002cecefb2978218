-- name: find_contact
-- A person's own address.
SELECT email FROM contact WHERE person_id = $1;

-- name: keep_contact
-- The last word counts; messages not yet claimed go to the new address.
INSERT INTO contact (person_id, email) VALUES ($1, $2)
    ON CONFLICT (person_id) DO UPDATE
       SET email = excluded.email, changed_at = clock_timestamp()
     WHERE contact.email <> excluded.email;

-- name: forget_contact
-- Who wants no mail leaves no address behind.
DELETE FROM contact WHERE person_id = $1;

-- name: ping
-- True when this server takes writes.
SELECT NOT pg_is_in_recovery() AS takes_writes;
