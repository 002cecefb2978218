-- Who at a clinic made a booking for its owner, as the referee told it; of what people book themselves, nobody.
ALTER TABLE booking ADD COLUMN booked_by uuid;
