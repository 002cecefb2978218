-- What became of text messages, part by part, and how many went where: against whoever earns by them.

-- One row for each that was handed over, or is being: of a message that is refused it is gone again.
CREATE TABLE sms_sent (
    key          uuid        PRIMARY KEY,
    number_index bytea       NOT NULL,
    prefix       text        NOT NULL,
    country      text        NOT NULL,
    is_due       boolean     NOT NULL,
    taken_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    provider     text,
    reference    text,
    parts        integer,
    ended        text,
    CONSTRAINT a_prefix_is_no_number CHECK (length(prefix) <= 8),
    CONSTRAINT known_end CHECK (ended IN ('delivered', 'failed')),
    CONSTRAINT ended_after_taken CHECK (ended IS NULL OR parts IS NOT NULL),
    CONSTRAINT taken_by_somebody CHECK (num_nulls(provider, reference, parts) IN (0, 3))
);
CREATE INDEX sms_of_a_number ON sms_sent (number_index, taken_at);
CREATE INDEX sms_by_age ON sms_sent (taken_at);

COMMENT ON COLUMN sms_sent.number_index IS 'a keyed hash of the number: equal numbers are found, none is read';
COMMENT ON COLUMN sms_sent.is_due IS 'legally due: it has an allowance of its own and is in no traffic';

-- The parts of a message, by the provider's ids. A receipt may be quicker than the note whose it is.
CREATE TABLE sms_part (
    provider  text        NOT NULL,
    reference text        NOT NULL,
    key       uuid,
    state     text,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_part_of_each PRIMARY KEY (provider, reference),
    CONSTRAINT known_end_of_a_part CHECK (state IN ('delivered', 'failed'))
);
CREATE INDEX parts_of_an_sms ON sms_part (key) WHERE key IS NOT NULL;
CREATE INDEX parts_by_age ON sms_part (at);

-- How many messages went to a prefix or a country in an hour, and how many of them arrived.
CREATE TABLE sms_traffic (
    what      text        NOT NULL,
    who       text        NOT NULL,
    hour      timestamptz NOT NULL,
    taken     integer     NOT NULL DEFAULT 0,
    delivered integer     NOT NULL DEFAULT 0,
    CONSTRAINT one_count_an_hour PRIMARY KEY (what, who, hour),
    CONSTRAINT what_is_counted CHECK (what IN ('country', 'prefix')),
    CONSTRAINT nothing_is_taken_back_twice CHECK (taken >= 0)
);
CREATE INDEX traffic_by_age ON sms_traffic (hour);

ALTER TABLE sms_sent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON sms_sent TO notify USING (true) WITH CHECK (true);
