-- name: audit_nobody_told_twice
-- Of one thing there is one message to a person over a channel.
SELECT event_id::text FROM message
 GROUP BY event_id, owner_id, channel HAVING count(*) > 1
 LIMIT $1;

-- name: audit_told_in_order
-- Nothing is sent of a booking while something older about it still waits.
SELECT DISTINCT older.id::text
  FROM message AS older
  JOIN message AS sent ON sent.booking_id = older.booking_id AND sent.owner_id = older.owner_id
   AND sent.channel = older.channel AND sent.version > older.version AND sent.state = 'sent'
 WHERE older.state IN ('waiting', 'claimed')
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
