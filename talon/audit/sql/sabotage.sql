-- name: take_a_seat_away
-- Not the auditor's: needs the cluster's owner. Counters, booking and mail all still say it is there.
DELETE FROM slots.place
 WHERE id = (SELECT id FROM slots.place WHERE state = 'booked' ORDER BY id LIMIT 1)
RETURNING id, booking_id;
