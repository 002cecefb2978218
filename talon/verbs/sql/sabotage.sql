-- name: lose_a_place
-- A booked place vanishes: what the audit is there to find.
DELETE FROM slots.place
 WHERE id = (SELECT id FROM slots.place WHERE state = 'booked' ORDER BY id LIMIT 1)
RETURNING id;
