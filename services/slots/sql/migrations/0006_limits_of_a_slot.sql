-- A slot may let in more people than it has places, so many as a person says; it may stop taking
-- bookings some time before it begins, and want to know some time before who does not come.
ALTER TABLE slot
    ADD COLUMN extra                       integer NOT NULL DEFAULT 0,
    ADD COLUMN closes_minutes_before       integer NOT NULL DEFAULT 0,
    ADD COLUMN cancel_until_minutes_before integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT not_after_it_begins CHECK (
        closes_minutes_before >= 0 AND cancel_until_minutes_before >= 0
    ),
    DROP CONSTRAINT never_overbooked,
    ADD CONSTRAINT never_overbooked CHECK (
        held >= 0 AND booked >= 0 AND extra >= 0 AND held + booked <= capacity + extra
    );

-- A schedule's slots have the same limits.
ALTER TABLE schedule
    ADD COLUMN closes_minutes_before       integer NOT NULL DEFAULT 0,
    ADD COLUMN cancel_until_minutes_before integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT not_after_it_begins CHECK (
        closes_minutes_before >= 0 AND cancel_until_minutes_before >= 0
    );

-- Who let more people into a slot than it has places, or fewer again, and when: added to, and never
-- changed. Nothing is overbooked by itself, so no slot has extra people without a row here.
CREATE TABLE overbooking (
    slot_id uuid        NOT NULL,
    version bigint      NOT NULL,
    extra   integer     NOT NULL,
    by_id   uuid        NOT NULL,
    at      timestamptz NOT NULL,
    CONSTRAINT said_once_by_a_change PRIMARY KEY (slot_id, version),
    CONSTRAINT never_fewer_than_none CHECK (extra >= 0)
);
