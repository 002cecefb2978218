-- name: write_down
-- In the transaction that takes the event; the same event again adds nothing. Whoever has no address is
-- settled at once: to have each of them claimed cost 60 us of CPU a message, nearly a third of PostgreSQL's share.
WITH written AS (
    INSERT INTO message (event_id, booking_id, version, owner_id, channel, expires_at, event, state, settled_at)
    SELECT m.event_id, m.booking_id, m.version, m.owner_id, m.channel, m.expires_at, m.event,
           CASE WHEN contact.person_id IS NULL THEN 'no_address' ELSE 'waiting' END,
           CASE WHEN contact.person_id IS NULL THEN now() END
      FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::timestamptz[], $7::jsonb[])
           WITH ORDINALITY
           AS m (event_id, booking_id, version, owner_id, channel, expires_at, event, nth)
      LEFT JOIN contact ON contact.person_id = m.owner_id
     ORDER BY m.nth
        ON CONFLICT ON CONSTRAINT told_once DO NOTHING
    RETURNING state
)
SELECT count(*) AS new, count(*) FILTER (WHERE state = 'no_address') AS unreached FROM written;

-- name: latest_told
-- As of which version people were told of these bookings, or are to be.
SELECT booking_id, owner_id, max(version) AS version FROM message
 WHERE owner_id = ANY ($1::uuid[]) AND booking_id = ANY ($2::uuid[]) AND state <> 'no_address'
 GROUP BY booking_id, owner_id;

-- name: has_due
-- Whether it is worth calling the channel's provider.
SELECT EXISTS (SELECT FROM message WHERE state = 'waiting' AND channel = $1 AND due_at <= now());

-- name: claim_messages
-- Of each booking only the oldest unsettled message, so that no move arrives before its booking.
-- SKIP LOCKED: what another sender is claiming is nobody's to wait for, nor to claim again.
-- now(), not clock_timestamp(): only a stable function can bound the scan of waiting_by_due.
-- OFFSET 0 keeps the question about earlier ones a look into an index for each message; planned as a
-- join while the tables were empty, it read all that waits for each (1,250 ms against 2 with 53,000).
WITH due AS MATERIALIZED (
    SELECT m.id, m.owner_id, m.expires_at
      FROM message AS m
     WHERE m.state = 'waiting' AND m.channel = $4 AND m.due_at <= now()
       AND NOT EXISTS (
           SELECT FROM message AS earlier
            WHERE earlier.booking_id = m.booking_id AND earlier.owner_id = m.owner_id
              AND earlier.channel = m.channel AND earlier.version < m.version
              AND earlier.state IN ('waiting', 'claimed')
           OFFSET 0)
     ORDER BY m.due_at, m.id
     LIMIT $3
       FOR UPDATE SKIP LOCKED
), fate AS (
    SELECT due.id, c.sealed_email, c.version, k.generation, k.master_id, k.wrapped,
           CASE WHEN due.expires_at <= now() THEN 'expired'
                WHEN c.sealed_email IS NULL OR k.wrapped IS NULL THEN 'no_address'
                ELSE 'claimed' END AS state
      FROM due
      LEFT JOIN contact AS c ON c.person_id = due.owner_id
      LEFT JOIN person_key AS k ON k.person_id = due.owner_id
)
UPDATE message AS m
   SET state = fate.state,
       claimed_by = CASE WHEN fate.state = 'claimed' THEN $1::uuid END,
       claimed_at = CASE WHEN fate.state = 'claimed' THEN now() END,
       claimed_until = CASE WHEN fate.state = 'claimed' THEN now() + make_interval(secs => $2) END,
       settled_at = CASE WHEN fate.state <> 'claimed' THEN now() END
  FROM fate
 WHERE m.id = fate.id
RETURNING m.id, m.state, m.event_id, m.booking_id, m.owner_id, m.attempts, m.event, m.written_at, m.expires_at,
          fate.sealed_email, fate.version, fate.generation, fate.master_id, fate.wrapped;

-- name: mark_messages
-- Only by the claimer. What was given up as unknown meanwhile is corrected by who knows better, but
-- never put back among the waiting.
UPDATE message AS m
   SET state = mark.state,
       attempts = m.attempts + mark.tried,
       due_at = CASE WHEN mark.state = 'waiting'
                     THEN greatest(m.due_at, now() + make_interval(secs => mark.wait_seconds))
                     ELSE m.due_at END,
       claimed_by = CASE WHEN mark.state <> 'waiting' THEN m.claimed_by END,
       claimed_until = NULL,
       settled_at = CASE WHEN mark.state <> 'waiting' THEN now() END,
       note = mark.note
  FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::float8[], $6::text[])
       AS mark (id, state, tried, wait_seconds, note)
 WHERE m.id = mark.id AND m.claimed_by = $1
   AND (m.state = 'claimed' OR (m.state = 'unknown' AND mark.state IN ('sent', 'failed')));

-- name: give_up_lost
-- Whoever claimed these is gone or frozen; nobody can say whether they were sent.
UPDATE message AS m
   SET state = 'unknown', claimed_until = NULL, settled_at = now(), note = 'the sender was lost'
  FROM (SELECT id FROM message WHERE state = 'claimed' AND claimed_until < now()
         ORDER BY claimed_until LIMIT $1 FOR UPDATE SKIP LOCKED) AS lost
 WHERE m.id = lost.id
RETURNING m.id, m.event_id, m.booking_id;

-- name: measure_messages
-- What is not settled, and what nobody knows; each count reads its own small index.
SELECT (SELECT count(*) FROM message WHERE state = 'waiting') AS waiting,
       (SELECT count(*) FROM message WHERE state = 'claimed') AS claimed,
       (SELECT count(*) FROM message WHERE state = 'unknown') AS unknown,
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8
          FROM message WHERE state = 'waiting') AS oldest_seconds;
