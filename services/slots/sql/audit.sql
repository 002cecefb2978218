-- name: audit_nobody_beyond_capacity
-- In no slot are more people than it has places for, whatever its counters say.
SELECT s.id::text
  FROM slot AS s
  JOIN (SELECT slot_id, count(*) AS taken FROM place WHERE state <> 'expired' GROUP BY slot_id) AS p
    ON p.slot_id = s.id
 WHERE p.taken > s.capacity
 LIMIT $1;

-- name: audit_counts_are_true
-- A slot's counters are its places, held and booked.
SELECT s.id::text
  FROM slot AS s
  LEFT JOIN (SELECT slot_id, count(*) FILTER (WHERE state = 'held') AS held,
                    count(*) FILTER (WHERE state = 'booked') AS booked
               FROM place GROUP BY slot_id) AS p ON p.slot_id = s.id
 WHERE s.held <> coalesce(p.held, 0) OR s.booked <> coalesce(p.booked, 0)
 LIMIT $1;

-- name: audit_one_place_per_claim
-- No claim has two live places.
SELECT encode(claim, 'hex') FROM place WHERE claim IS NOT NULL
 GROUP BY claim HAVING count(*) > 1
 LIMIT $1;

-- name: audit_all_places_or_none
-- A booking has all its places, alike, and in slots that there are; of a hold some may be over.
SELECT p.booking_id::text
  FROM place AS p LEFT JOIN slot AS s ON s.id = p.slot_id
 GROUP BY p.booking_id
HAVING count(s.id) <> max(p.size) OR min(p.size) <> max(p.size) OR min(p.home) <> max(p.home)
    OR min(p.version) <> max(p.version)
    OR bool_or(p.state = 'booked') <> bool_and(p.state = 'booked')
 LIMIT $1;

-- name: audit_nobody_without_an_answer
-- Who has a place was told yes: a booking bears the id of the command that made it.
SELECT DISTINCT p.booking_id::text
  FROM place AS p LEFT JOIN answer AS a ON a.id = p.booking_id AND a.outcome = 'done'
 WHERE a.id IS NULL
 LIMIT $1;

-- name: audit_holds_end
-- A place that ran out a quarter of an hour ago is free again, and its hold is over.
SELECT DISTINCT booking_id::text FROM place
 WHERE state <> 'booked' AND expires_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;
