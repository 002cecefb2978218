-- name: audit_nobody_told_twice
-- Of one event a person gets one first message, and is told by one channel; by another one as well only where
-- that says so, since nobody knew.
SELECT event_id::text FROM message
 GROUP BY event_id, owner_id
HAVING count(*) FILTER (WHERE nth = 0) > 1
    OR count(*) FILTER (WHERE state IN ('sent', 'delivered') AND NOT perhaps_again) > 1
 LIMIT $1;

-- name: audit_told_in_order
-- Nothing is sent of a booking, by whatever channel, while something older about it still waits. A clinic's own
-- list is worked off in its own time.
SELECT DISTINCT older.id::text
  FROM message AS older
  JOIN message AS sent ON sent.booking_id = older.booking_id AND sent.owner_id = older.owner_id
   AND sent.version > older.version AND sent.state IN ('sent', 'delivered')
 WHERE older.state IN ('waiting', 'claimed') AND older.channel <> 'list'
 LIMIT $1;

-- name: audit_claims_end
-- What a sender took a quarter of an hour ago and never settled is given up as unknown.
SELECT id::text FROM message
 WHERE state = 'claimed' AND claimed_until < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_addresses_are_sealed
-- No address is left in clear.
SELECT person_id::text FROM contact WHERE email IS NOT NULL
 LIMIT $1;

-- name: audit_replies_are_told
-- What somebody answered by a text message, and the provider was told is kept, is told within a quarter of an hour.
SELECT id::text FROM sms_reply
 WHERE purpose IS NOT NULL AND told_at IS NULL AND kept_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;
