-- How many visits of a service one person may have ahead, and how many days apart they are.
ALTER TABLE service
    ADD COLUMN bookings_max integer,
    ADD COLUMN days_between integer,
    ADD CONSTRAINT limits_are_positive CHECK (bookings_max > 0 AND days_between > 0);

-- A booking of one person for a limited service has a number, taken before the referee is asked. Two that
-- were judged at once by the same past take the same number, so one of them is judged again.
CREATE TABLE visit_seat (
    person_id  uuid          NOT NULL,
    service    text          NOT NULL,
    number     integer       NOT NULL,
    booking_id uuid          NOT NULL,
    starts     timestamptz[] NOT NULL,
    made_at    timestamptz   NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_booking_of_a_number PRIMARY KEY (person_id, service, number),
    CONSTRAINT seats_count_from_one CHECK (number >= 1)
);
CREATE INDEX seats_of_booking ON visit_seat (booking_id);
COMMENT ON COLUMN visit_seat.starts IS 'the visits that were asked for: they count beside those that are booked';

ALTER TABLE visit_seat ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON visit_seat TO booking USING (true) WITH CHECK (true);
