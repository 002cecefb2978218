-- What one person holds at a time is limited, over all their devices and all referees. Each place that is
-- held is numbered among its owner's, from 1 on; once it is booked or over, nobody's name is at it.
-- Whoever counts at the same time wants the same lowest number, and only one of them gets it.
--
-- A hold is made as version 1, and renewing it makes it version 2: there is no third. What was renewed
-- more often before this was so lives on until it is written anew, at most a quarter of an hour.
--
-- A referee of the version before writes held places without a number while it is replaced.
ALTER TABLE place
    ADD COLUMN owner_id uuid,
    ADD COLUMN hand     smallint,
    ADD CONSTRAINT no_more_places_in_one_hand CHECK (hand BETWEEN 1 AND 8),
    ADD CONSTRAINT only_holds_are_in_a_hand CHECK (
        (owner_id IS NULL) = (hand IS NULL) AND (hand IS NULL OR state = 'held')
    ),
    ADD CONSTRAINT a_hold_is_renewed_once CHECK (state <> 'held' OR version <= 2) NOT VALID;

CREATE UNIQUE INDEX one_place_per_number_in_a_hand ON place (owner_id, hand) WHERE owner_id IS NOT NULL;
