-- name: keep_asked
-- In the transaction that counts the message, before it is handed over.
INSERT INTO sms_asked (key, number_index, event_id, owner_id, booking_id, version, starts_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING;

-- name: give_back_asked
-- It was certainly not taken, so nobody was asked.
DELETE FROM sms_asked WHERE key = $1;

-- name: know_number
-- Whose the number is now, what it was answered within the hour, and whether this very reply was kept before. A
-- statement after the number's lock.
SELECT clock_timestamp() AS at,
       ARRAY (SELECT person_id FROM address WHERE channel = 'sms' AND address_index = $2
               ORDER BY person_id) AS owners,
       ARRAY (SELECT DISTINCT answer FROM sms_reply
               WHERE number_index = $1 AND answer IS NOT NULL
                 AND kept_at > clock_timestamp() - $3::interval) AS answered,
       EXISTS (SELECT FROM sms_reply WHERE provider = $4 AND reference = $5) AS is_known;

-- name: asked_of_number
-- Which reminders this number was sent that still may be answered, and whose number it still is. A visit that was
-- given up by a reply and is there again at the same moment has a link that is used.
SELECT m.event,
       coalesce(a.said, CASE WHEN EXISTS (
           SELECT FROM sms_reply AS r
            WHERE r.purpose = 'cancel_booking' AND r.person_id = a.owner_id AND r.object_id = a.booking_id
              AND r.until = date_trunc('second', a.starts_at)) THEN 'cancelled_before' END) AS said
  FROM sms_asked AS a
  JOIN message AS m ON m.event_id = a.event_id AND m.owner_id = a.owner_id AND m.channel = 'sms'
 WHERE a.number_index = $1 AND a.owner_id = ANY ($2::uuid[]) AND a.starts_at > clock_timestamp()
 ORDER BY m.id;

-- name: keep_reply
-- Not what was written: what came of it. The same again by its provider's id adds nothing.
INSERT INTO sms_reply (id, provider, reference, number_index, became, answer, answer_hour, cause, purpose,
                       person_id, object_id, until, home)
VALUES ($1, $2, $3, $4, $5, $6::text,
        CASE WHEN $6::text IS NOT NULL THEN date_trunc('hour', clock_timestamp()) END,
        $7, $8, $9, $10, $11, $12)
    ON CONFLICT ON CONSTRAINT one_reply_of_each DO NOTHING
RETURNING id;

-- name: note_said
-- Of every reminder of this visit that the number got.
UPDATE sms_asked SET said = $5
 WHERE number_index = $1 AND owner_id = $2 AND booking_id = $3 AND date_trunc('second', starts_at) = $4;

-- name: answer_reply
-- In the ledger like any message, for this channel alone.
INSERT INTO message (event_id, booking_id, version, owner_id, channel, expires_at, event)
VALUES ($1, $2, $3, $4, 'sms', $5, $6::jsonb)
    ON CONFLICT ON CONSTRAINT told_once DO NOTHING;

-- name: decline_by_number
-- Whoever's number it is hears no more of these kinds. What was declined before stays.
UPDATE contact AS c
   SET declined = c.declined || ARRAY (SELECT kind FROM unnest($2::text[]) AS kind
                                        WHERE kind <> ALL (c.declined)),
       changed_at = clock_timestamp(), used_at = clock_timestamp()
 WHERE c.person_id = ANY ($1::uuid[]) AND NOT c.declined @> $2::text[];

-- name: has_untold_replies
-- Whether a reply is to be told at one of these homes.
SELECT EXISTS (SELECT FROM sms_reply WHERE purpose IS NOT NULL AND told_at IS NULL AND home = ANY ($1::integer[]));

-- name: take_untold_replies
-- They are told in the transaction that takes them. Of each booking in the order in which they came.
WITH taken AS (
    SELECT id FROM sms_reply
     WHERE purpose IS NOT NULL AND told_at IS NULL AND home = ANY ($1::integer[])
     ORDER BY home, kept_at LIMIT $2
       FOR UPDATE
), told AS (
    UPDATE sms_reply AS r SET told_at = clock_timestamp() FROM taken WHERE r.id = taken.id
    RETURNING r.*
)
SELECT id, home, cause, purpose, person_id, object_id, until, told_at FROM told ORDER BY kept_at;

-- name: forget_replies
-- Nobody answers any more to what has begun. A reply stays until it was told, and for so many days.
WITH asked AS (
    DELETE FROM sms_asked WHERE key IN (
        SELECT key FROM sms_asked WHERE starts_at < clock_timestamp() ORDER BY starts_at LIMIT $2)
    RETURNING 1
), reply AS (
    DELETE FROM sms_reply WHERE id IN (
        SELECT id FROM sms_reply
         WHERE kept_at < clock_timestamp() - make_interval(days => $1)
           AND (purpose IS NULL OR told_at IS NOT NULL)
         ORDER BY kept_at LIMIT $2)
    RETURNING 1
)
SELECT (SELECT count(*) FROM asked) + (SELECT count(*) FROM reply) AS gone;

-- name: forget_replies_of
-- Nothing is left of what these people were asked, or answered.
WITH asked AS (
    DELETE FROM sms_asked WHERE owner_id = ANY ($1::uuid[])
)
DELETE FROM sms_reply WHERE person_id = ANY ($1::uuid[]);
