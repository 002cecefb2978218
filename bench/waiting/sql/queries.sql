-- name: the_hour_has_come
-- The draw is due.
UPDATE waiting_room SET draws_at = clock_timestamp() WHERE campaign_id = $1;

-- name: is_drawn
-- Has everybody who came early their place?
SELECT drawn_at IS NOT NULL AS is_drawn FROM line WHERE campaign_id = $1;

-- name: waiters
-- Who came when, and stands where.
SELECT person_id, arrival, place FROM waiter WHERE campaign_id = $1;
