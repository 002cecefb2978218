-- name: say_coming
-- Said again it was said before. Of what is not booked any more by now nobody says that they come.
INSERT INTO coming (place_id, slot_id, booking_id)
SELECT said.place_id, said.slot_id, b.id
  FROM booking AS b
 CROSS JOIN unnest($2::uuid[], $3::uuid[]) AS said (place_id, slot_id)
 WHERE b.id = $1 AND b.status = 'booked' AND said.slot_id = ANY (b.slot_ids)
 ORDER BY said.place_id
    ON CONFLICT ON CONSTRAINT said_once DO NOTHING;

-- name: who_comes
-- Of which places of a booking, in which slots, it was said.
SELECT place_id, slot_id FROM coming WHERE booking_id = $1;
