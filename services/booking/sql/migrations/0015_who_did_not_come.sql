-- Whoever did not come has a status of their own, and may book the same again.
ALTER TABLE booking
    DROP CONSTRAINT known_status,
    ADD CONSTRAINT known_status CHECK (
        status IN ('pending', 'held', 'booked', 'cancelled', 'noshow', 'refused', 'expired', 'released')
    );
