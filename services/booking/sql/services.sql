-- name: list_services
-- All of them: there are few.
SELECT name, kind, needs FROM service ORDER BY name;

-- name: declare_service
-- What was said last is so. Nobody who is booked already is judged anew.
INSERT INTO service AS s (name, kind, needs) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE
   SET kind = excluded.kind, needs = excluded.needs, changed_at = clock_timestamp();
