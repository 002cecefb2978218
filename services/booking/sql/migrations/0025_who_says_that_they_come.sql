-- Who has said, by the link in a reminder, that they will come. It is of one place in one slot: who is moved has
-- not said it of where they are now.
CREATE TABLE coming (
    place_id   uuid        NOT NULL,
    slot_id    uuid        NOT NULL,
    booking_id uuid        NOT NULL,
    said_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT said_once PRIMARY KEY (place_id, slot_id),
    CONSTRAINT coming_to_a_booking FOREIGN KEY (booking_id) REFERENCES booking (id)
);
CREATE INDEX coming_of_a_booking ON coming (booking_id);

ALTER TABLE coming ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON coming TO booking USING (true) WITH CHECK (true);
