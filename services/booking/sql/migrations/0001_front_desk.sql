-- What the front desk remembers. Ids only: no name, no phone, no reason for care.

-- A person who may have a place. An account's own row is made when something must refer to it;
-- a dependant has a guardian, whose account books for them.
CREATE TABLE patient (
    id          uuid        PRIMARY KEY,
    guardian_id uuid        REFERENCES patient (id),
    body_hash   bytea,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT nobody_guards_themselves CHECK (guardian_id <> id)
);
CREATE INDEX dependants_of ON patient (guardian_id, made_at, id) WHERE guardian_id IS NOT NULL;

-- Who may book what, from when. `wish_id` names the request that made it, so that it makes one.
CREATE TABLE campaign (
    id        uuid        PRIMARY KEY,
    wish_id   uuid        NOT NULL,
    body_hash bytea       NOT NULL,
    name      text        NOT NULL,
    service   text        NOT NULL,
    opens_at  timestamptz NOT NULL,
    doses     integer     NOT NULL,
    min_days  integer     NOT NULL,
    max_days  integer     NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_wish_makes_one_campaign UNIQUE (wish_id),
    CONSTRAINT one_to_four_doses CHECK (doses BETWEEN 1 AND 4),
    CONSTRAINT days_in_order CHECK (min_days BETWEEN 0 AND max_days)
);
CREATE INDEX campaigns_by_age ON campaign (made_at, id);

-- What the front desk needs to know of a slot, projected from `slots.events`.
CREATE TABLE slot (
    id         uuid        PRIMARY KEY,
    clinic_id  uuid        NOT NULL,
    service    text        NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    open       boolean     NOT NULL,
    version    bigint      NOT NULL,
    closing_id uuid,
    CONSTRAINT closing_is_not_open CHECK (closing_id IS NULL OR NOT open)
);
CREATE INDEX slots_that_close ON slot (id) WHERE closing_id IS NOT NULL;
COMMENT ON COLUMN slot.closing_id IS 'the event that shut it and asked for its bookings to be cancelled';

-- A booking or a hold: one row, one id, for its whole life. No foreign key to campaign: every
-- booking of a rush would lock the same campaign row, and a booking names its campaign for ever.
CREATE TABLE booking (
    id          uuid        PRIMARY KEY,
    owner_id    uuid        NOT NULL,
    kind        text        NOT NULL,
    status      text        NOT NULL,
    version     bigint      NOT NULL,
    home        integer     NOT NULL,
    campaign_id uuid,
    places      json,
    slot_ids    uuid[],
    places_told json,
    expires_at  timestamptz,
    reason      text,
    made_at     timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT known_kind CHECK (kind IN ('hold', 'booking')),
    CONSTRAINT known_status CHECK (
        status IN ('pending', 'held', 'booked', 'cancelled', 'refused', 'expired', 'released')
    ),
    CONSTRAINT decided_has_version_and_places CHECK (
        (version > 0) = (places IS NOT NULL) AND (places IS NULL) = (slot_ids IS NULL)
    ),
    CONSTRAINT status_fits_version CHECK (
        CASE status WHEN 'expired' THEN version >= 0
                    WHEN 'pending' THEN version = 0
                    WHEN 'refused' THEN version = 0
                    ELSE version > 0 END
    ),
    CONSTRAINT held_knows_its_end CHECK (status <> 'held' OR expires_at IS NOT NULL),
    CONSTRAINT refused_says_why CHECK (status <> 'refused' OR reason IS NOT NULL)
);
CREATE INDEX bookings_of_owner ON booking (owner_id, made_at DESC, id DESC) WHERE kind = 'booking';
CREATE INDEX bookings_in_slot ON booking USING gin (slot_ids) WITH (gin_pending_list_limit = 512);
COMMENT ON COLUMN booking.version IS '0 until the referee has said yes; then one more with each event';
COMMENT ON COLUMN booking.slot_ids IS 'the slots of its places, for finding whom a closing slot concerns';
COMMENT ON COLUMN booking.places_told IS
    'the places as last told in booking.events, where a reply has overtaken the projection';

-- Wishes whose answer did not come in time. Each is asked again until its answer is known, so each
-- ends; a pending booking has exactly one, written by the same statement.
CREATE TABLE pending_command (
    id         uuid        PRIMARY KEY,
    booking_id uuid        NOT NULL,
    asks       text        NOT NULL,
    home       integer     NOT NULL,
    command    bytea       NOT NULL,
    body_hash  bytea       NOT NULL,
    deadline   timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    CONSTRAINT pending_knows_its_booking FOREIGN KEY (booking_id) REFERENCES booking (id)
);
CREATE INDEX pending_by_due ON pending_command (due_at);
CREATE INDEX pending_of_booking ON pending_command (booking_id);
