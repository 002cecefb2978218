-- name: hold_back_later
-- What is told later of the same bookings waits for a moment: who looked for it before this transaction, and
-- saw nothing earlier that waits, finds it not due when they come to claim it.
UPDATE message AS later
   SET due_at = greatest(later.due_at, now() + interval '1 second')
  FROM message AS m
 WHERE m.id = ANY ($1::bigint[]) AND later.booking_id = m.booking_id AND later.owner_id = m.owner_id
   AND later.version > m.version AND later.state = 'waiting';

-- name: fall_over
-- In the transaction that settles a message: the same again by the next channel of the person's route that did
-- not have it yet. Not when something later of the booking was told: that would be old news. A statement
-- after `hold_back_later`: only then is seen what was claimed while that one waited.
INSERT INTO message (event_id, booking_id, version, owner_id, channel, nth, first_channel, perhaps_again,
                     expires_at, event)
SELECT m.event_id, m.booking_id, m.version, m.owner_id, next.channel, m.nth + 1, tried.first,
       f.again OR m.perhaps_again, m.expires_at, m.event
  FROM unnest($1::bigint[], $2::boolean[]) AS f (id, again)
  JOIN message AS m ON m.id = f.id
  JOIN contact AS c ON c.person_id = m.owner_id
 CROSS JOIN LATERAL (
       SELECT array_agg(t.channel) AS channels, max(t.nth) AS nth, min(t.channel) FILTER (WHERE t.nth = 0) AS first
         FROM message AS t WHERE t.event_id = m.event_id AND t.owner_id = m.owner_id) AS tried
 CROSS JOIN LATERAL (
       SELECT r.channel FROM unnest(c.route) WITH ORDINALITY AS r (channel, nth)
        WHERE r.channel <> ALL (tried.channels) ORDER BY r.nth LIMIT 1) AS next
 WHERE m.nth = tried.nth AND m.expires_at > now()
   AND NOT EXISTS (
       SELECT FROM message AS later
        WHERE later.owner_id = m.owner_id AND later.booking_id = m.booking_id AND later.version > m.version
          AND later.state IN ('claimed', 'sent', 'delivered', 'unknown')
       OFFSET 0)
    ON CONFLICT DO NOTHING
RETURNING channel;

-- name: pass_over_unspoken
-- Nobody here speaks these channels: the person's next one is to tell it. What some provider may have told
-- already is left to it.
UPDATE message AS m
   SET state = 'no_address', settled_at = now(), note = 'nobody speaks this channel'
  FROM (SELECT id FROM message
         WHERE state = 'waiting' AND channel = ANY ($1::text[]) AND provider IS NULL
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) AS unspoken
 WHERE m.id = unspoken.id
RETURNING m.id, m.state, m.event;

-- name: keep_receipts
-- Committed before its message is looked for; whoever notes a reference looks for its receipt after that. So
-- whichever comes second finds the other. The first word about a message is the last one.
INSERT INTO receipt (provider, reference, state)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT ON CONSTRAINT one_receipt_of_each DO NOTHING;

-- name: apply_receipts
-- To the newest message of a name, since names of a provider may come again after a while. A message that is
-- settled for good stays so; its receipt has said what it can.
WITH meant AS (
    SELECT r.provider, r.reference, r.state
      FROM receipt AS r
      JOIN unnest($1::text[], $2::text[]) AS named (provider, reference) USING (provider, reference)
       ORDER BY r.provider, r.reference
       FOR UPDATE OF r
), found AS (
    SELECT meant.provider, meant.reference, meant.state, m.id
      FROM meant
     CROSS JOIN LATERAL (
           SELECT id FROM message
            WHERE provider = meant.provider AND reference = meant.reference
            ORDER BY id DESC LIMIT 1) AS m
), gone AS (
    DELETE FROM receipt AS r USING found
     WHERE r.provider = found.provider AND r.reference = found.reference
)
UPDATE message AS m
   SET state = found.state, settled_at = now(),
       note = CASE WHEN found.state = 'failed' THEN 'not delivered' ELSE '' END
  FROM found
 WHERE m.id = found.id AND m.state IN ('sent', 'unknown')
RETURNING m.id, m.state, m.event;

-- name: receipts_to_apply
-- Whoever was killed between keeping a receipt and applying it left these; few are looked at.
SELECT r.provider, r.reference FROM receipt AS r
 WHERE EXISTS (SELECT FROM message AS m WHERE m.provider = r.provider AND m.reference = r.reference)
 ORDER BY r.written_at LIMIT $1;

-- name: forget_receipts
-- Of what nobody here has sent.
DELETE FROM receipt WHERE written_at < clock_timestamp() - make_interval(days => $1);

-- name: settle_unknown
-- Somebody knows what nobody here does. `failed` lets it fall over to the next channel.
UPDATE message
   SET state = $2, settled_at = now(), settled_by = $3, settled_note = $4
 WHERE id = $1 AND state = 'unknown'
RETURNING id, state, event;
