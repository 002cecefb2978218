-- name: find_closure
-- What an earlier request under this key found.
SELECT id, slot_ids, unchanged, body_hash FROM closure WHERE id = $1;

-- name: slots_in_window
-- A clinic's slots that start in a window and have not begun, in order of time.
SELECT id, open, booked
  FROM slot
 WHERE clinic_id = $1 AND starts_at >= $2 AND starts_at < $3 AND starts_at > clock_timestamp()
   AND ($4::text IS NULL OR service = $4)
 ORDER BY starts_at, id
 LIMIT $5;

-- name: add_closure
-- Nothing comes back where the same request, asked twice at once, was remembered meanwhile.
INSERT INTO closure (id, clinic_id, slot_ids, unchanged, body_hash)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO NOTHING
RETURNING id;
