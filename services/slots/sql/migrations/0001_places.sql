-- What the referee remembers. Unqualified: the role's search_path is its own schema.

CREATE TABLE clinic (
    id        uuid PRIMARY KEY,
    name      text NOT NULL,
    time_zone text NOT NULL,
    address   text NOT NULL,
    district  text NOT NULL,
    latitude  double precision,
    longitude double precision,
    CONSTRAINT a_position_is_whole CHECK ((latitude IS NULL) = (longitude IS NULL))
);

-- Counters are absolute and change only under the row's lock; `version` grows by one with each
-- event about the slot, so that readers can tell which count is newest.
CREATE TABLE slot (
    id        uuid        PRIMARY KEY,
    clinic_id uuid        NOT NULL REFERENCES clinic,
    service   text        NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    capacity  integer     NOT NULL,
    held      integer     NOT NULL DEFAULT 0,
    booked    integer     NOT NULL DEFAULT 0,
    open      boolean     NOT NULL DEFAULT true,
    version   bigint      NOT NULL DEFAULT 1,
    CONSTRAINT never_overbooked CHECK (held >= 0 AND booked >= 0 AND held + booked <= capacity),
    CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at)
) WITH (fillfactor = 50);

CREATE INDEX slots_of_a_day ON slot (clinic_id, starts_at, id);

-- One person's seat in one slot. `size` is how many seats its booking has, so that a confirm can
-- see that all are alive. No foreign key to slot: a place is only ever written under its slot's
-- lock, slots are never deleted, and the check would cost a lock and a trigger per seat.
CREATE TABLE place (
    id         uuid     PRIMARY KEY,
    slot_id    uuid     NOT NULL,
    booking_id uuid     NOT NULL,
    home       integer  NOT NULL,
    ordinal    smallint NOT NULL,
    size       smallint NOT NULL,
    version    bigint   NOT NULL,
    state      text     NOT NULL,
    expires_at timestamptz,
    claim      bytea,
    CONSTRAINT a_place_is_held_booked_or_expired CHECK (state IN ('held', 'booked', 'expired')),
    CONSTRAINT only_holds_expire CHECK ((state = 'booked') = (expires_at IS NULL)),
    CONSTRAINT only_bookings_claim CHECK (claim IS NULL OR state = 'booked'),
    CONSTRAINT no_more_seats_than_asked CHECK (ordinal >= 0 AND ordinal < size AND size <= 8),
    CONSTRAINT one_row_per_seat UNIQUE (booking_id, ordinal)
);

CREATE UNIQUE INDEX one_live_place_per_claim ON place (claim) WHERE claim IS NOT NULL;
CREATE INDEX holds_of_a_slot ON place (slot_id, expires_at) WHERE state = 'held';
CREATE INDEX holds_of_a_home ON place (home, expires_at) WHERE state <> 'booked';

-- The one answer to each command. `reply` is what was sent, so that asking again gets the same.
CREATE TABLE answer (
    id         uuid        PRIMARY KEY,
    body_hash  bytea       NOT NULL,
    outcome    text        NOT NULL,
    reply      bytea       NOT NULL,
    decided_at timestamptz NOT NULL
);

CREATE INDEX refusals_by_age ON answer (decided_at) WHERE outcome <> 'done';

-- What each batch was: which commands by position, judged at which instant, which holds swept.
-- Deciding them again from the recorded state gives the same events.
CREATE TABLE batch (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    positions jsonb       NOT NULL,
    swept     uuid[]      NOT NULL
);

CREATE INDEX batches_by_age ON batch (at);
