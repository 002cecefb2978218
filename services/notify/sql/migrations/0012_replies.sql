-- What people write back to a reminder that they got by text message.

-- One row for each reminder that was handed over by text message and may be answered, until its visit begins or
-- the booking changes. `key` is the message's, as in sms_sent: what was certainly not taken is gone again.
CREATE TABLE sms_asked (
    key          uuid        PRIMARY KEY,
    number_index bytea       NOT NULL,
    event_id     uuid        NOT NULL,
    owner_id     uuid        NOT NULL,
    booking_id   uuid        NOT NULL,
    version      bigint      NOT NULL,
    starts_at    timestamptz NOT NULL,
    said         text,
    CONSTRAINT known_word CHECK (said IN ('coming', 'cancel'))
);
CREATE INDEX asked_of_a_number ON sms_asked (number_index);
CREATE INDEX asked_of_a_booking ON sms_asked (booking_id, owner_id);
CREATE INDEX asked_of_a_person ON sms_asked (owner_id);
CREATE INDEX asked_by_age ON sms_asked (starts_at);

COMMENT ON COLUMN sms_asked.number_index IS 'a keyed hash of the number that it went to, as in sms_sent';
COMMENT ON COLUMN sms_asked.said IS 'what its reader has answered; after a cancellation nothing more is taken';

-- What came of each reply: never what was written, nor from which number in clear. A wish for the front desk
-- has the link that it stands for, and is told in the outbox of its `home`.
CREATE TABLE sms_reply (
    id           uuid        PRIMARY KEY,
    provider     text        NOT NULL,
    reference    text,
    number_index bytea       NOT NULL,
    kept_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    became       text        NOT NULL,
    answer       text,
    answer_hour  timestamptz,
    cause        uuid,
    purpose      text,
    person_id    uuid,
    object_id    uuid,
    until        timestamptz,
    home         integer,
    told_at      timestamptz,
    CONSTRAINT one_reply_of_each UNIQUE (provider, reference),
    CONSTRAINT one_answer_an_hour UNIQUE (number_index, answer, answer_hour),
    CONSTRAINT known_answer CHECK (answer IN ('other_time', 'explained')),
    CONSTRAINT an_answer_has_its_hour CHECK ((answer IS NULL) = (answer_hour IS NULL)),
    CONSTRAINT known_purpose CHECK (purpose IN ('confirm_visit', 'cancel_booking')),
    CONSTRAINT a_wish_is_whole CHECK (num_nulls(cause, purpose, person_id, object_id, until, home) IN (0, 6)),
    CONSTRAINT only_a_wish_is_told CHECK (told_at IS NULL OR purpose IS NOT NULL)
);
CREATE UNIQUE INDEX cancelled_once ON sms_reply (person_id, object_id, until) WHERE purpose = 'cancel_booking';
CREATE INDEX wishes_to_tell ON sms_reply (home, kept_at) WHERE purpose IS NOT NULL AND told_at IS NULL;
CREATE INDEX replies_of_a_person ON sms_reply (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX answered_numbers ON sms_reply (number_index, kept_at) WHERE answer IS NOT NULL;
CREATE INDEX replies_by_age ON sms_reply (kept_at);

ALTER TABLE sms_asked ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON sms_asked TO notify USING (true) WITH CHECK (true);
ALTER TABLE sms_reply ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON sms_reply TO notify USING (true) WITH CHECK (true);
