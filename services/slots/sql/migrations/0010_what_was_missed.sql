-- That nobody came may be a mistake of the clinic's, and is taken back: so the places of a booking that was
-- missed stay, as nobody's. They count in no slot, and their claims are free for whoever books anew.
ALTER TABLE place
    DROP CONSTRAINT a_place_is_held_booked_or_expired,
    DROP CONSTRAINT only_holds_expire,
    ADD CONSTRAINT a_place_is_held_booked_expired_or_missed CHECK (
        state IN ('held', 'booked', 'expired', 'missed')
    ),
    ADD CONSTRAINT only_holds_expire CHECK ((state IN ('booked', 'missed')) = (expires_at IS NULL));
