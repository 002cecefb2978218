-- Before a campaign opens, people wait in a line that a draw puts in order.

-- What was told when the room was made, and is never changed: nobody was granted that. The seed's
-- hash is told from then on, the seed itself after the draw.
CREATE TABLE waiting_room (
    campaign_id uuid        PRIMARY KEY REFERENCES campaign,
    wish_id     uuid        NOT NULL,
    body_hash   bytea       NOT NULL,
    service     text        NOT NULL,
    opens_at    timestamptz NOT NULL,
    draws_at    timestamptz NOT NULL,
    seed        bytea       NOT NULL,
    seed_hash   bytea       NOT NULL,
    CONSTRAINT one_wish_makes_one_room UNIQUE (wish_id),
    CONSTRAINT opens_before_it_draws CHECK (opens_at < draws_at),
    CONSTRAINT seed_is_the_one_that_was_told CHECK (length(seed) = 32 AND seed_hash = sha256(seed))
);

-- Its line, which moves. `arrivals` numbers who comes, under the row's lock; `early` is how many of
-- them came before the draw. `serving` is how far it has moved, with what is left of a person.
CREATE TABLE line (
    campaign_id uuid             PRIMARY KEY REFERENCES waiting_room,
    speed_min   double precision NOT NULL,
    speed_max   double precision NOT NULL,
    speed       double precision NOT NULL,
    arrivals    bigint           NOT NULL DEFAULT 0,
    early       bigint,
    drawn_at    timestamptz,
    serving     double precision NOT NULL DEFAULT 0,
    moved_at    timestamptz,
    closed_at   timestamptz,
    CONSTRAINT speeds_in_order CHECK (0 < speed_min AND speed_min <= speed AND speed <= speed_max),
    CONSTRAINT early_are_among_those_who_came CHECK (early BETWEEN 0 AND arrivals),
    CONSTRAINT nobody_comes_in_before_the_draw CHECK (serving = 0 OR drawn_at IS NOT NULL),
    CONSTRAINT nobody_comes_in_who_is_not_there CHECK (serving BETWEEN 0 AND arrivals),
    CONSTRAINT drawn_among_those_who_came_early CHECK (drawn_at IS NULL OR early IS NOT NULL)
);

-- Who waits. Whoever comes early has no place until the draw; a later one's place is their arrival.
CREATE TABLE waiter (
    campaign_id uuid        NOT NULL REFERENCES waiting_room,
    person_id   uuid        NOT NULL,
    arrival     bigint      NOT NULL,
    place       bigint,
    joined_at   timestamptz NOT NULL,
    CONSTRAINT one_place_per_person PRIMARY KEY (campaign_id, person_id),
    CONSTRAINT one_person_per_arrival UNIQUE (campaign_id, arrival),
    CONSTRAINT one_person_per_place UNIQUE (campaign_id, place),
    CONSTRAINT counted_from_one CHECK (arrival > 0 AND place > 0)
);
CREATE INDEX waiting_of_a_person ON waiter (person_id);

-- How those inside fare, as each front desk sees it: a row each, written again every second.
CREATE TABLE desk_pressure (
    instance       integer          PRIMARY KEY,
    at             timestamptz      NOT NULL,
    answer_seconds double precision NOT NULL,
    seats_share    double precision NOT NULL,
    turned_away    integer          NOT NULL
);

ALTER TABLE waiter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON waiter TO booking USING (true) WITH CHECK (true);
CREATE POLICY one_s_own ON waiter FOR SELECT TO booking_person
    USING (person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[]));
