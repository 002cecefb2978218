-- Wishes of staff that are many commands: what was asked is remembered first, so that asked again
-- after a crash it means the same slots, and gets the same answer.

-- A clinic's weekly hours. Its slots have ids derived from its own and from when they start. `opened`
-- is how many there are, once all were asked for. What is withdrawn stands in no other's way.
CREATE TABLE schedule (
    id            uuid        PRIMARY KEY,
    clinic_id     uuid        NOT NULL REFERENCES clinic,
    time_zone     text        NOT NULL,
    service       text        NOT NULL,
    product       text        NOT NULL,
    dose          smallint,
    weekdays      smallint[]  NOT NULL,
    starts_minute smallint    NOT NULL,
    ends_minute   smallint    NOT NULL,
    slot_minutes  smallint    NOT NULL,
    capacity      integer     NOT NULL,
    valid_from    date        NOT NULL,
    valid_to      date        NOT NULL,
    body_hash     bytea       NOT NULL,
    made_at       timestamptz NOT NULL,
    opened        integer,
    withdrawn_at  timestamptz,
    CONSTRAINT one_to_four_doses CHECK (dose BETWEEN 1 AND 4),
    CONSTRAINT days_of_the_week CHECK (
        cardinality(weekdays) BETWEEN 1 AND 7 AND weekdays <@ '{1,2,3,4,5,6,7}'::smallint[]
    ),
    CONSTRAINT hours_of_one_day CHECK (
        0 <= starts_minute AND starts_minute < ends_minute AND ends_minute <= 24 * 60
    ),
    CONSTRAINT slots_have_a_length CHECK (slot_minutes > 0),
    CONSTRAINT dates_in_order CHECK (valid_from <= valid_to)
);

CREATE INDEX schedules_of_a_clinic ON schedule (clinic_id, made_at, id);

-- Many slots shut or reopened at once, by hand: those that were found when it was first asked.
-- `unchanged` were as was wished already.
CREATE TABLE closure (
    id        uuid        PRIMARY KEY,
    clinic_id uuid        NOT NULL REFERENCES clinic,
    slot_ids  uuid[]      NOT NULL,
    unchanged integer     NOT NULL,
    body_hash bytea       NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
