-- Whether a place of a booking was ever given up later than the clinic asked for, and who cancelled it.
-- Both as the referee told them; a booking that is not cancelled was cancelled by nobody.
ALTER TABLE booking
    ADD COLUMN late         boolean NOT NULL DEFAULT false,
    ADD COLUMN cancelled_by text,
    ADD CONSTRAINT known_who_cancels CHECK (cancelled_by IN ('patient', 'clinic')),
    ADD CONSTRAINT only_cancelled_by_somebody CHECK (cancelled_by IS NULL OR status = 'cancelled');
