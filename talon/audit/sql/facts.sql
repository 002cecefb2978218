-- name: begin
-- All that follows is one moment, and the auditor changes nothing.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: look_into
-- For this transaction: whose tables are meant.
SELECT set_config('search_path', $1, true);

-- name: moment
-- Holds are judged by PostgreSQL's clock.
SELECT clock_timestamp();

-- name: slots
-- Every slot with its own counters.
SELECT id, capacity, held, booked, extra FROM slots.slot;

-- name: places
-- Every seat that is held or booked, and those marked expired that are yet to be swept.
SELECT id, slot_id, booking_id, state, expires_at FROM slots.place ORDER BY booking_id, ordinal;

-- name: bookings
-- Every booking and hold as the front desk shows it.
SELECT id, owner_id, kind, status, version, places, campaign_id FROM booking.booking;

-- name: messages
-- What became of each message, by what it tells.
SELECT booking_id, event ->> 'type' AS tells, state, channel FROM notify.message;
