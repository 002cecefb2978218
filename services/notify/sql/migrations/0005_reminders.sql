-- Of which visits people are still to be reminded, and when next. One row for what a booking keeps of
-- one clinic's one day; it goes with the last reminder, or when the booking changes.
CREATE TABLE reminder (
    booking_id uuid        NOT NULL,
    starts_at  timestamptz NOT NULL,
    version    bigint      NOT NULL,
    owner_id   uuid        NOT NULL,
    made_at    timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    places     json        NOT NULL,
    CONSTRAINT one_reminder_of_a_visit PRIMARY KEY (booking_id, starts_at),
    CONSTRAINT reminded_before_it_starts CHECK (due_at < starts_at)
);
CREATE INDEX reminders_by_due ON reminder (due_at);

COMMENT ON COLUMN reminder.made_at IS 'when the booking became what it is: who has just booked is not reminded';
COMMENT ON COLUMN reminder.due_at IS 'when the next of its reminders is told';

ALTER TABLE reminder ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON reminder TO notify USING (true) WITH CHECK (true);
