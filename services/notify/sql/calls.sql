-- name: put_on_list
-- Of what somebody must hear of, when nothing else leads to them or all of it has failed: once, and not when
-- something later of the booking was told. In the transaction that found nobody to tell it.
INSERT INTO message (event_id, booking_id, version, owner_id, channel, nth, first_channel, perhaps_again,
                     expires_at, event)
SELECT m.event_id, m.booking_id, m.version, m.owner_id, 'list', m.nth + 1, tried.first, tried.again,
       m.expires_at, m.event
  FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[])) AS due (event_id, owner_id)
 CROSS JOIN LATERAL (
       SELECT * FROM message AS t
        WHERE t.event_id = due.event_id AND t.owner_id = due.owner_id ORDER BY t.nth DESC LIMIT 1) AS m
 CROSS JOIN LATERAL (
       SELECT min(t.channel) FILTER (WHERE t.nth = 0) AS first, bool_or(t.channel = 'list') AS is_listed,
              bool_or(t.state = 'unknown') AS again
         FROM message AS t WHERE t.event_id = due.event_id AND t.owner_id = due.owner_id) AS tried
 WHERE m.state IN ('no_address', 'failed', 'unknown') AND NOT tried.is_listed AND m.expires_at > now()
   AND NOT EXISTS (
       SELECT FROM message AS later
        WHERE later.owner_id = m.owner_id AND later.booking_id = m.booking_id AND later.version > m.version
          AND later.state IN ('claimed', 'sent', 'delivered', 'unknown')
       OFFSET 0)
 ORDER BY m.event_id
    ON CONFLICT DO NOTHING
RETURNING id;

-- name: list_calls
-- A clinic's, the oldest first, from the cursor on. Whom it is too late to call is not called.
SELECT m.id, m.event_id, m.booking_id, m.owner_id, m.state, m.event, m.written_at, m.expires_at, m.perhaps_again,
       m.settled_at, m.settled_by, m.settled_note, c.language
  FROM message AS m
  LEFT JOIN contact AS c ON c.person_id = m.owner_id
 WHERE m.channel = 'list' AND clinic_of(m.event) = $1
   AND m.state = ANY ($2::text[]) AND (m.state <> 'sent' OR m.expires_at > now())
   AND m.id > $3
 ORDER BY m.id
 LIMIT $4;

-- name: settle_call
-- By who made it. What was noted before stays, whoever noted it.
UPDATE message AS m
   SET state = $3, settled_at = now(), settled_by = $4, settled_note = $5
 WHERE m.channel = 'list' AND clinic_of(m.event) = $1 AND m.event_id = $2 AND m.state = 'sent'
RETURNING m.id;

-- name: load_call
-- One of a clinic's.
SELECT m.id, m.event_id, m.booking_id, m.owner_id, m.state, m.event, m.written_at, m.expires_at, m.perhaps_again,
       m.settled_at, m.settled_by, m.settled_note, c.language
  FROM message AS m
  LEFT JOIN contact AS c ON c.person_id = m.owner_id
 WHERE m.channel = 'list' AND clinic_of(m.event) = $1 AND m.event_id = $2;
