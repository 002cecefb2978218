-- Staff who book for patients come in beside the line, by a door of their own: so many of those who
-- may come in as a person says. `credit` is for how many there is room as of `filled_at`; `come` have
-- come in all, and of them `counted` were taken off the line.
CREATE TABLE staff_door (
    campaign_id uuid             PRIMARY KEY REFERENCES waiting_room,
    share       double precision NOT NULL,
    credit      double precision NOT NULL DEFAULT 1,
    filled_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    come        bigint           NOT NULL DEFAULT 0,
    counted     double precision NOT NULL DEFAULT 0,
    CONSTRAINT staff_never_have_more_than_half CHECK (share BETWEEN 0 AND 0.5),
    CONSTRAINT nobody_comes_in_on_credit CHECK (credit >= 0),
    CONSTRAINT counted_among_those_who_came CHECK (counted BETWEEN 0 AND come)
);
INSERT INTO staff_door (campaign_id, share) SELECT campaign_id, 0.1 FROM waiting_room;

-- Which wishes have come in: asked again, one comes in once. Kept as long as keys are.
CREATE TABLE staff_turn (
    wish_id     uuid        PRIMARY KEY,
    campaign_id uuid        NOT NULL REFERENCES staff_door,
    come_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX staff_turns_by_age ON staff_turn (come_at);
