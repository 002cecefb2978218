-- name: be_person
-- Whose rows may be seen, until this transaction ends.
SELECT set_config('talon.person', $1::uuid::text, true);

-- name: find_contact
-- A person's own address, as it is sealed. Whose rows may be seen was said in this transaction.
SELECT version, sealed_email FROM contact WHERE person_id = $1 AND sealed_email IS NOT NULL;

-- name: version_of_contact
-- Which version of the row is sealed next; the person's key is held.
SELECT coalesce((SELECT version FROM contact WHERE person_id = $1), 0) + 1;

-- name: keep_contact
-- The last word counts; messages not yet claimed go to the new address.
INSERT INTO contact (person_id, version, sealed_email, email_index) VALUES ($1, $2, $3, $4)
    ON CONFLICT (person_id) DO UPDATE
       SET email = NULL, version = excluded.version, sealed_email = excluded.sealed_email,
           email_index = excluded.email_index, changed_at = clock_timestamp(),
           used_at = clock_timestamp();

-- name: forget_contacts
-- Who wants no mail leaves no address behind. Their keys are destroyed in the same transaction.
DELETE FROM contact WHERE person_id = ANY ($1::uuid[]);

-- name: take_plain_contacts
-- Not locked yet: whoever changes a person holds the key first, then the row.
SELECT person_id, email FROM contact WHERE email IS NOT NULL ORDER BY person_id LIMIT $1;

-- name: seal_contact
-- What was plain, unless somebody else was quicker; when it was last changed stays.
UPDATE contact
   SET email = NULL, version = $2, sealed_email = $3, email_index = $4
 WHERE person_id = $1 AND email = $5;

-- name: count_plain_contacts
-- How many addresses an earlier version has left in clear.
SELECT count(*) FROM contact WHERE email IS NOT NULL;

-- name: contacts_out_of_use
-- People who for so many days neither changed their address nor were written to. Of those who were
-- written to it is noted, so that they are not looked at again before their time.
WITH old AS MATERIALIZED (
    SELECT person_id FROM contact WHERE used_at < clock_timestamp() - make_interval(days => $1)
     ORDER BY used_at LIMIT $2
), last AS MATERIALIZED (
    SELECT owner_id, max(written_at) AS at FROM message
     WHERE owner_id IN (SELECT person_id FROM old)
     GROUP BY owner_id
    HAVING max(written_at) >= clock_timestamp() - make_interval(days => $1)
), noted AS (
    UPDATE contact AS c SET used_at = last.at
      FROM last WHERE c.person_id = last.owner_id AND c.used_at < last.at
)
SELECT person_id FROM old WHERE person_id NOT IN (SELECT owner_id FROM last);

-- name: forget_unused_contact
-- Unless it was changed since it was found out of use; the person's key is held.
DELETE FROM contact
 WHERE person_id = $1 AND used_at < clock_timestamp() - make_interval(days => $2)
RETURNING person_id;

-- name: ping
-- True when this server takes writes.
SELECT NOT pg_is_in_recovery() AS takes_writes;
