-- name: list_services
-- All of them: there are few.
SELECT name, kind, needs, bookings_max, days_between, reminders FROM service ORDER BY name;

-- name: services_with_reminders
-- Those that say how long before their visits people are reminded: nearly none.
SELECT name, reminders FROM service WHERE reminders IS NOT NULL;

-- name: declare_service
-- What was said last is so. Nobody who is booked already is judged anew.
INSERT INTO service AS s (name, kind, needs, bookings_max, days_between, reminders)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (name) DO UPDATE
   SET kind = excluded.kind, needs = excluded.needs,
       bookings_max = excluded.bookings_max, days_between = excluded.days_between,
       reminders = excluded.reminders, changed_at = clock_timestamp();
