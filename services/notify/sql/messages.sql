-- name: write_down
-- In the transaction that takes the event; the same event again adds nothing. Whoever has no address is
-- settled at once: to have each of them claimed cost 60 us of CPU a message, nearly a third of PostgreSQL's share.
-- By which channel is the first of the person's route, found by the same look.
WITH written AS (
    INSERT INTO message (event_id, booking_id, version, owner_id, channel, expires_at, event, state, settled_at)
    SELECT m.event_id, m.booking_id, m.version, m.owner_id, coalesce(contact.route[1], 'email'), m.expires_at,
           m.event,
           fate.state, CASE WHEN fate.state <> 'waiting' THEN now() END
      FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::timestamptz[], $7::jsonb[])
           WITH ORDINALITY
           AS m (event_id, booking_id, version, owner_id, kind, expires_at, event, nth)
      LEFT JOIN contact ON contact.person_id = m.owner_id
     CROSS JOIN LATERAL (
           SELECT CASE WHEN contact.route[1] IS NULL THEN 'no_address'
                       WHEN m.kind = ANY (contact.declined) THEN 'declined'
                       WHEN m.kind = ANY ($8::text[]) AND contact.consent_version IS NULL THEN 'declined'
                       ELSE 'waiting' END AS state) AS fate
     ORDER BY m.nth
        ON CONFLICT ON CONSTRAINT told_once DO NOTHING
    RETURNING state
)
SELECT count(*) AS new, count(*) FILTER (WHERE state = 'no_address') AS unreached,
       count(*) FILTER (WHERE state = 'declined') AS declined
  FROM written;

-- name: latest_told
-- As of which version people were told of these bookings, or are to be.
SELECT booking_id, owner_id, max(version) AS version FROM message
 WHERE owner_id = ANY ($1::uuid[]) AND booking_id = ANY ($2::uuid[]) AND state <> 'no_address'
 GROUP BY booking_id, owner_id;

-- name: has_due
-- Whether it is worth calling the channel's provider.
SELECT EXISTS (SELECT FROM message WHERE state = 'waiting' AND channel = $1 AND due_at <= now());

-- name: claim_messages
-- Of each booking only the oldest unsettled message, so that no move arrives before its booking, by
-- whatever channel. SKIP LOCKED: what another sender is claiming is nobody's to wait for, nor to claim again.
-- now(), not clock_timestamp(): only a stable function can bound the scan of waiting_by_due.
-- OFFSET 0 keeps the question about earlier ones a look into an index for each message; planned as a
-- join while the tables were empty, it read all that waits for each (1,250 ms against 2 with 53,000).
-- Whose address is gone is claimed without one: the sender says so, in the transaction that lets it fall over.
-- What was asked of a provider and perhaps told is asked of nobody else. What fell over to another channel
-- is not told any more once something later of its booking is.
WITH due AS MATERIALIZED (
    SELECT m.id, m.owner_id, m.booking_id, m.version, m.nth, m.expires_at, m.provider IS NOT NULL AS perhaps
      FROM message AS m
     WHERE m.state = 'waiting' AND m.channel = $4 AND m.due_at <= now()
       AND m.due_at > now() - make_interval(secs => $6)
       AND (m.provider IS NULL OR m.provider = $5)
       AND NOT EXISTS (
           SELECT FROM message AS earlier
            WHERE earlier.booking_id = m.booking_id AND earlier.owner_id = m.owner_id
              AND earlier.version < m.version AND earlier.state IN ('waiting', 'claimed')
           OFFSET 0)
     ORDER BY m.due_at, m.id
     LIMIT $3
       FOR UPDATE SKIP LOCKED
), found AS (
    SELECT due.*, c.language, c.quiet_begins, c.quiet_ends, c.time_zone, k.generation, k.master_id, k.wrapped,
           a.versions, a.sealed,
           due.expires_at <= now() OR due.nth > 0 AND EXISTS (
               SELECT FROM message AS later
                WHERE later.owner_id = due.owner_id AND later.booking_id = due.booking_id
                  AND later.version > due.version AND later.state IN ('claimed', 'sent', 'delivered', 'unknown')
               OFFSET 0) AS is_past
      FROM due
      LEFT JOIN contact AS c ON c.person_id = due.owner_id
      LEFT JOIN person_key AS k ON k.person_id = due.owner_id
      CROSS JOIN LATERAL (
           SELECT array_agg(each.version ORDER BY nth) AS versions, array_agg(each.sealed ORDER BY nth) AS sealed
             FROM (SELECT 0 AS nth, c.version, c.sealed_email AS sealed
                    WHERE $4 = 'email' AND c.sealed_email IS NOT NULL AND k.wrapped IS NOT NULL
                   UNION ALL
                   SELECT address.nth, address.version, address.sealed FROM address
                    WHERE address.person_id = due.owner_id AND address.channel = $4
                      AND k.wrapped IS NOT NULL) AS each) AS a
), fate AS (
    SELECT found.*,
           CASE WHEN NOT is_past THEN 'claimed' WHEN perhaps THEN 'unknown' ELSE 'expired' END AS state
      FROM found
)
UPDATE message AS m
   SET state = fate.state,
       claimed_by = CASE WHEN fate.state IN ('claimed', 'unknown') THEN $1::uuid END,
       claimed_at = CASE WHEN fate.state = 'claimed' THEN now() END,
       claimed_until = CASE WHEN fate.state = 'claimed' THEN now() + make_interval(secs => $2) END,
       settled_at = CASE WHEN fate.state <> 'claimed' THEN now() END,
       provider = CASE WHEN fate.state IN ('claimed', 'unknown') THEN $5 END
  FROM fate
 WHERE m.id = fate.id
RETURNING m.id, m.state, m.event_id, m.booking_id, m.owner_id, m.attempts, m.event, m.written_at, m.expires_at,
          m.perhaps_again, fate.perhaps, fate.language, fate.quiet_begins, fate.quiet_ends, fate.time_zone,
          fate.versions, fate.sealed, fate.generation, fate.master_id, fate.wrapped, now() AS at;

-- name: mark_messages
-- Only by the claimer. What was given up as unknown meanwhile is corrected by who knows better, but
-- never put back among the waiting.
UPDATE message AS m
   SET state = mark.state,
       attempts = m.attempts + mark.tried,
       due_at = CASE WHEN mark.state = 'waiting'
                     THEN greatest(m.due_at, now() + make_interval(secs => mark.wait_seconds))
                     ELSE m.due_at END,
       claimed_by = CASE WHEN mark.state NOT IN ('waiting', 'no_address') THEN m.claimed_by END,
       claimed_until = NULL,
       settled_at = CASE WHEN mark.state <> 'waiting' THEN now() END,
       note = mark.note,
       provider = CASE WHEN mark.state IN ('sent', 'delivered', 'failed', 'unknown') OR mark.perhaps
                       THEN m.provider END,
       reference = mark.reference
  FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::float8[], $6::text[], $7::text[], $8::boolean[])
       AS mark (id, state, tried, wait_seconds, note, reference, perhaps)
 WHERE m.id = mark.id AND m.claimed_by = $1
   AND (m.state = 'claimed' OR (m.state = 'unknown' AND mark.state IN ('sent', 'delivered', 'failed')))
RETURNING m.id, m.state, m.event;

-- name: give_up_lost
-- Whoever claimed these is gone or frozen; nobody can say whether they were sent. A provider that knows a
-- message by its key ($3) is asked again: to it it is the same one, however often it hears of it. What was
-- claimed for a provider that nobody speaks to any more is given up by whoever comes by.
UPDATE message AS m
   SET state = CASE WHEN lost.is_asked_again THEN 'waiting' ELSE 'unknown' END,
       claimed_by = CASE WHEN lost.is_asked_again THEN NULL ELSE m.claimed_by END,
       claimed_until = NULL,
       settled_at = CASE WHEN lost.is_asked_again THEN NULL ELSE now() END,
       note = 'the sender was lost'
  FROM (SELECT id, $3::boolean AND provider = $2 AS is_asked_again FROM message
         WHERE state = 'claimed' AND claimed_until < now()
           AND (provider IS NULL OR provider = $2 OR claimed_until < now() - interval '5 minutes')
         ORDER BY claimed_until LIMIT $1 FOR UPDATE SKIP LOCKED) AS lost
 WHERE m.id = lost.id
RETURNING m.id, m.state, m.event_id, m.booking_id, m.event;

-- name: measure_messages
-- What is not settled, and what nobody knows; each count reads its own small index.
SELECT (SELECT count(*) FROM message WHERE state = 'waiting') AS waiting,
       (SELECT count(*) FROM message WHERE state = 'claimed') AS claimed,
       (SELECT count(*) FROM message WHERE state = 'unknown') AS unknown,
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8
          FROM message WHERE state = 'waiting') AS oldest_seconds;
