-- A schedule's days may follow a rule of RFC 5545, leave days out and add some; its hours may have
-- breaks, and buffers between slots; at each time there may be a slot for each of several doses.

-- `breaks` are pairs of minutes; `holidays` those that were known when it was made and on which it is
-- closed. `weekdays` are empty where there is an `rrule`.
ALTER TABLE schedule
    ADD COLUMN rrule          text       NOT NULL DEFAULT '',
    ADD COLUMN breaks         smallint[] NOT NULL DEFAULT '{}',
    ADD COLUMN buffer_minutes smallint   NOT NULL DEFAULT 0,
    ADD COLUMN except_dates   date[]     NOT NULL DEFAULT '{}',
    ADD COLUMN extra_dates    date[]     NOT NULL DEFAULT '{}',
    ADD COLUMN on_holidays    text       NOT NULL DEFAULT 'closed',
    ADD COLUMN holidays       date[]     NOT NULL DEFAULT '{}',
    ADD COLUMN doses          jsonb      NOT NULL DEFAULT '[]',
    DROP CONSTRAINT days_of_the_week,
    ADD CONSTRAINT days_of_the_week_or_a_rule CHECK (
        weekdays <@ '{1,2,3,4,5,6,7}'::smallint[] AND cardinality(weekdays) <= 7
        AND (cardinality(weekdays) = 0) = (rrule <> '')
    ),
    ADD CONSTRAINT breaks_begin_and_end CHECK (cardinality(breaks) % 2 = 0),
    ADD CONSTRAINT buffers_are_no_overlaps CHECK (buffer_minutes >= 0),
    ADD CONSTRAINT closed_or_open_on_holidays CHECK (on_holidays IN ('closed', 'open'));

-- Days on which everybody (no clinic) or one clinic is closed; or, where `closed` is false, a clinic
-- that is open on everybody's holiday.
CREATE TABLE holiday (
    clinic_id uuid        REFERENCES clinic,
    day       date        NOT NULL,
    name      text        NOT NULL,
    closed    boolean     NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_word_for_each_day UNIQUE NULLS NOT DISTINCT (day, clinic_id)
);
