-- name: audit_nobody_beyond_capacity
-- In no slot are more people than it has places for and a person let in, whatever its counters say.
SELECT s.id::text
  FROM slot AS s
  JOIN (SELECT slot_id, count(*) AS taken FROM place WHERE state IN ('held', 'booked') GROUP BY slot_id) AS p
    ON p.slot_id = s.id
 WHERE p.taken > s.capacity + s.extra
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

-- name: audit_extra_people_have_a_name
-- Who is let in beyond the places is let in by a person, who said so many, and when.
SELECT s.id::text FROM slot AS s
 WHERE s.extra > 0
   AND s.extra IS DISTINCT FROM (SELECT o.extra FROM overbooking AS o WHERE o.slot_id = s.id
                                  ORDER BY o.version DESC LIMIT 1)
 LIMIT $1;

-- name: audit_one_place_per_claim
-- No claim has two live places.
SELECT encode(claim, 'hex') FROM place WHERE claim IS NOT NULL
 GROUP BY claim HAVING count(*) > 1
 LIMIT $1;

-- name: audit_all_places_or_none
-- A booking has all its places, and they are alike, booked or missed; of a hold some may be over.
SELECT booking_id::text FROM place
 GROUP BY booking_id
HAVING count(*) <> max(size) OR min(size) <> max(size) OR min(home) <> max(home)
    OR min(version) <> max(version) OR bool_or(state = 'booked') <> bool_and(state = 'booked')
    OR bool_or(state = 'missed') <> bool_and(state = 'missed')
 LIMIT $1;

-- name: audit_every_place_in_a_slot
-- No foreign key says so (docs/decisions/0008-no-foreign-key-from-place-to-slot.md); this does.
SELECT p.id::text FROM place AS p LEFT JOIN slot AS s ON s.id = p.slot_id
 WHERE s.id IS NULL
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
 WHERE state <> 'booked' AND home IS NOT NULL AND expires_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_two_persons_agreed
-- Nothing was begun but what somebody other than its proposer had approved, before.
SELECT p.id::text
  FROM proposal AS p
 WHERE p.started_at IS NOT NULL
   AND NOT EXISTS (SELECT FROM proposal_step AS s
                    WHERE s.proposal_id = p.id AND s.step = 'approved'
                      AND s.person_id <> p.proposer_id AND s.at <= p.started_at)
 LIMIT $1;
