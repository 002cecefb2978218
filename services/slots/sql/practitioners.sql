-- name: list_practitioners
-- A clinic's, by name; those who left as well, since somebody may be booked with them.
SELECT id, name, qualification, active FROM practitioner
 WHERE clinic_id = $1 ORDER BY name, id LIMIT $2;

-- name: set_practitioner
-- The last word counts.
INSERT INTO practitioner (clinic_id, id, name, qualification, active) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (clinic_id, id) DO UPDATE
   SET name = excluded.name, qualification = excluded.qualification, active = excluded.active,
       changed_at = clock_timestamp();

-- name: active_practitioners
-- Which of these have slots of their own at a clinic.
SELECT id FROM practitioner WHERE clinic_id = $1 AND id = ANY ($2::uuid[]) AND active;
