-- Of which visits people are still to be reminded, and when next. One row for what somebody was told
-- of one booking's one day at one clinic; it goes with the last reminder, or when they are told anew.
CREATE TABLE reminder (
    booking_id uuid        NOT NULL,
    owner_id   uuid        NOT NULL,
    clinic_id  uuid        NOT NULL,
    starts_at  timestamptz NOT NULL,
    version    bigint      NOT NULL,
    made_at    timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    part       text,
    places     json        NOT NULL,
    CONSTRAINT one_plan_of_a_visit PRIMARY KEY (booking_id, owner_id, clinic_id, starts_at),
    CONSTRAINT reminded_before_it_starts CHECK (due_at < starts_at)
);
CREATE INDEX reminders_by_due ON reminder (due_at);
CREATE INDEX reminders_of_a_person ON reminder (owner_id);

COMMENT ON COLUMN reminder.owner_id IS 'who is reminded';
COMMENT ON COLUMN reminder.part IS 'which part of the booking they were told of, where it was not all of it';
COMMENT ON COLUMN reminder.made_at IS 'when the booking became what it is: who has just booked is not reminded';
COMMENT ON COLUMN reminder.due_at IS 'when the next of its reminders is told';

ALTER TABLE reminder ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON reminder TO notify USING (true) WITH CHECK (true);
