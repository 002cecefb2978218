-- name: find_link_use
-- By which request a link was used.
SELECT key_hash FROM link_use WHERE link_id = $1;

-- name: use_link
-- Nothing comes back where it was used already: who comes at the same moment waits here for the other.
INSERT INTO link_use (link_id, purpose, person_id, object_id, key_hash, until)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (link_id) DO NOTHING
RETURNING link_id;
