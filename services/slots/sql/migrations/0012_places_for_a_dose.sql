-- A slot that says for which dose it is lets in who comes for that one alone. Of each booked place in such a
-- slot it is written down for which dose, beside what the slot says of itself. A place in any other slot has no
-- row here, so that nothing is paid for it. No foreign keys, as with places.
CREATE TABLE place_dose (
    place_id  uuid     PRIMARY KEY,
    slot_id   uuid     NOT NULL,
    dose      smallint NOT NULL,
    slot_dose smallint NOT NULL,
    CONSTRAINT only_the_dose_that_the_slot_is_for CHECK (dose = slot_dose)
);
