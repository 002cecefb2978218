-- name: be_person
-- Whose rows may be seen, until this transaction ends.
SELECT set_config('talon.person', $1::uuid::text, true);

-- name: find_addresses
-- A person's own addresses, as they are sealed. Whose rows may be seen was said in this transaction.
SELECT 'email' AS channel, version, sealed_email AS sealed
  FROM contact WHERE person_id = $1 AND sealed_email IS NOT NULL
UNION ALL
SELECT channel, version, sealed FROM address WHERE person_id = $1;

-- name: ensure_contact
-- Its row, locked: whoever changes an address or a wish of the person waits for who did before.
INSERT INTO contact (person_id, route) VALUES ($1, '{}')
    ON CONFLICT (person_id) DO UPDATE SET person_id = excluded.person_id;

-- name: lock_contact
-- The same where there is one.
SELECT FROM contact WHERE person_id = $1 FOR UPDATE;

-- name: version_of_contact
-- Which version of the row is sealed next; the person's key is held.
SELECT coalesce((SELECT version FROM contact WHERE person_id = $1), 0) + 1;

-- name: keep_contact
-- The last word counts; messages not yet claimed go to the new address.
UPDATE contact
   SET email = NULL, version = $2, sealed_email = $3, email_index = $4, changed_at = clock_timestamp(),
       used_at = clock_timestamp()
 WHERE person_id = $1;

-- name: forget_email
-- The version stays: what was sealed before does not open when it is put back.
UPDATE contact SET email = NULL, sealed_email = NULL, email_index = NULL, changed_at = clock_timestamp()
 WHERE person_id = $1;

-- name: forget_gone_email
-- Unless it is another one by now.
UPDATE contact SET email = NULL, sealed_email = NULL, email_index = NULL, changed_at = clock_timestamp()
 WHERE person_id = $1 AND version = $2 AND sealed_email IS NOT NULL
RETURNING person_id;

-- name: place_of_address
-- Where the same is kept, else the first free place of $4, else the oldest's.
SELECT coalesce(
    (SELECT nth FROM address WHERE person_id = $1 AND channel = $2 AND address_index = $3),
    (SELECT min(free.nth) FROM generate_series(1, $4::integer) AS free (nth)
      WHERE NOT EXISTS (SELECT FROM address AS a
                         WHERE a.person_id = $1 AND a.channel = $2 AND a.nth = free.nth)),
    (SELECT nth FROM address WHERE person_id = $1 AND channel = $2 ORDER BY made_at LIMIT 1))::smallint;

-- name: next_seal
-- No version is sealed twice, though an address goes and comes again.
UPDATE contact SET seals = seals + 1, changed_at = clock_timestamp(), used_at = clock_timestamp()
 WHERE person_id = $1 RETURNING seals;

-- name: keep_address
-- The last word counts.
INSERT INTO address (person_id, channel, nth, version, sealed, address_index)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT ON CONSTRAINT one_address_in_a_place DO UPDATE
       SET version = excluded.version, sealed = excluded.sealed,
           address_index = excluded.address_index, made_at = clock_timestamp();

-- name: forget_addresses
-- All of one channel.
DELETE FROM address WHERE person_id = $1 AND channel = $2;

-- name: forget_device
-- By what it is found by.
DELETE FROM address WHERE person_id = $1 AND channel = $2 AND address_index = $3 RETURNING person_id;

-- name: forget_gone
-- Unless it is another one by now.
DELETE FROM address WHERE person_id = $1 AND channel = $2 AND version = $3 RETURNING person_id;

-- name: has_addresses
-- Whether anything of the person is sealed.
SELECT EXISTS (SELECT FROM contact WHERE person_id = $1 AND (email IS NOT NULL OR sealed_email IS NOT NULL))
    OR EXISTS (SELECT FROM address WHERE person_id = $1);

-- name: what_leads_to
-- By what a person could be reached, and in which order they wish to be.
SELECT ARRAY (SELECT 'email' FROM contact WHERE person_id = $1 AND (email IS NOT NULL OR sealed_email IS NOT NULL)
               UNION SELECT channel FROM address WHERE person_id = $1) AS reachable,
       ordered
  FROM contact WHERE person_id = $1;

-- name: keep_route
-- In the transaction that changed an address or a wish.
UPDATE contact SET route = $2 WHERE person_id = $1;

-- name: drop_empty_contact
-- Who is reached by nothing and wishes nothing leaves no row.
DELETE FROM contact
 WHERE person_id = $1 AND route = '{}' AND ordered = '{}' AND declined = '{}'
   AND num_nonnulls(language, quiet_begins, consent_version) = 0;

-- name: find_wishes
-- A person's own. Whose rows may be seen was said in this transaction.
SELECT language, ordered, declined, quiet_begins, quiet_ends, time_zone, consent_version, consented_at
  FROM contact WHERE person_id = $1;

-- name: keep_wishes
-- All of them each time; when one agreed to the same words before, that stays.
UPDATE contact
   SET language = $2, ordered = $3, declined = $4, quiet_begins = $5, quiet_ends = $6, time_zone = $7,
       consented_at = CASE WHEN $8::text IS NULL THEN NULL
                           WHEN consent_version = $8 THEN consented_at
                           ELSE now() END,
       consent_version = $8, changed_at = clock_timestamp(), used_at = clock_timestamp()
 WHERE person_id = $1
RETURNING consented_at;

-- name: decline_kind
-- By a link: what else they wish stays. Of whom nothing is known, no row is made.
UPDATE contact
   SET declined = declined || $2::text, changed_at = clock_timestamp(), used_at = clock_timestamp()
 WHERE person_id = $1 AND $2::text <> ALL (declined);

-- name: forget_contacts
-- With every address and wish of theirs. Their keys are destroyed in the same transaction.
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
