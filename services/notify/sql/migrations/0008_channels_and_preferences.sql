-- Several ways to reach a person, how they wish to be reached, and what providers say afterwards.

-- A row is now whoever can be reached or has said how: one look tells who is told by what. `route` is
-- worked out again whenever an address or a wish changes; the default is what an earlier version means.
ALTER TABLE contact
    DROP CONSTRAINT sealed_or_plain,
    ADD CONSTRAINT sealed_or_plain CHECK (email IS NULL OR sealed_email IS NULL),
    ADD COLUMN route text[] NOT NULL DEFAULT '{email}',
    ADD COLUMN seals integer NOT NULL DEFAULT 0,
    ADD COLUMN ordered text[] NOT NULL DEFAULT '{}',
    ADD COLUMN declined text[] NOT NULL DEFAULT '{}',
    ADD COLUMN language text,
    ADD COLUMN quiet_begins time,
    ADD COLUMN quiet_ends time,
    ADD COLUMN time_zone text,
    ADD COLUMN consent_version text,
    ADD COLUMN consented_at timestamptz,
    ADD CONSTRAINT known_route CHECK (
        route <@ ARRAY ['email', 'sms', 'web_push', 'mobile_push', 'list']
        AND ordered <@ ARRAY ['email', 'sms', 'web_push', 'mobile_push', 'list']
    ),
    ADD CONSTRAINT what_is_due_is_told CHECK (
        declined <@ ARRAY ['booking', 'reminder', 'visit', 'attendance', 'announcement']
    ),
    ADD CONSTRAINT known_language CHECK (language IN ('en', 'ru')),
    ADD CONSTRAINT quiet_is_whole CHECK (num_nulls(quiet_begins, quiet_ends, time_zone) IN (0, 3)),
    ADD CONSTRAINT consent_has_its_time CHECK ((consent_version IS NULL) = (consented_at IS NULL));

COMMENT ON COLUMN contact.route IS 'the channels by which the person is told, the first one first';
COMMENT ON COLUMN contact.seals IS 'how many addresses were ever sealed beside the e-mail: their next version';
COMMENT ON COLUMN contact.ordered IS 'the channels in the order that the person wishes';

-- Addresses that are no e-mail: one phone, and a few devices of each kind.
CREATE TABLE address (
    person_id     uuid        NOT NULL,
    channel       text        NOT NULL,
    nth           smallint    NOT NULL,
    version       integer     NOT NULL,
    sealed        bytea       NOT NULL,
    address_index bytea       NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_address_in_a_place PRIMARY KEY (person_id, channel, nth),
    CONSTRAINT each_address_once UNIQUE (person_id, channel, address_index),
    CONSTRAINT known_address CHECK (channel IN ('sms', 'web_push', 'mobile_push')),
    CONSTRAINT room_for_few CHECK (nth BETWEEN 1 AND CASE WHEN channel = 'sms' THEN 1 ELSE 5 END),
    CONSTRAINT of_somebody FOREIGN KEY (person_id) REFERENCES contact ON DELETE CASCADE
);
CREATE INDEX addresses_by_index ON address (address_index);

COMMENT ON COLUMN address.sealed IS 'bound to this person, this channel and this version';
COMMENT ON COLUMN address.address_index IS 'a keyed hash of the address: equal addresses are found, none is read';

-- Of one event a person gets one message, and another one only by another channel when that one failed.
ALTER TABLE message
    ADD COLUMN nth smallint NOT NULL DEFAULT 0,
    ADD COLUMN first_channel text,
    ADD COLUMN perhaps_again boolean NOT NULL DEFAULT false,
    ADD COLUMN provider text,
    ADD COLUMN reference text,
    ADD COLUMN settled_by uuid,
    ADD COLUMN settled_note text,
    DROP CONSTRAINT told_once,
    ADD CONSTRAINT told_once UNIQUE (event_id, owner_id, nth),
    DROP CONSTRAINT known_channel,
    ADD CONSTRAINT known_channel CHECK (channel IN ('email', 'sms', 'web_push', 'mobile_push', 'list')),
    DROP CONSTRAINT known_state,
    ADD CONSTRAINT known_state CHECK (
        state IN ('waiting', 'claimed', 'sent', 'delivered', 'failed', 'unknown', 'expired', 'no_address',
                  'declined')
    ),
    DROP CONSTRAINT claimed_before_sent,
    ADD CONSTRAINT claimed_before_sent CHECK (
        state NOT IN ('claimed', 'sent', 'delivered', 'failed', 'unknown') OR claimed_by IS NOT NULL
    ),
    ADD CONSTRAINT never_the_same_channel_again CHECK (
        (nth = 0) = (first_channel IS NULL) AND channel IS DISTINCT FROM first_channel
    ),
    ADD CONSTRAINT a_person_settles_for_good CHECK (
        settled_by IS NULL OR state IN ('delivered', 'failed')
    ),
    ADD CONSTRAINT only_taken_has_a_reference CHECK (reference IS NULL OR provider IS NOT NULL);
CREATE UNIQUE INDEX told_once_by_each_channel ON message (event_id, owner_id, channel) WHERE nth > 0;
DROP INDEX waiting_by_due;
CREATE INDEX waiting_by_due ON message (channel, due_at, id) WHERE state = 'waiting';
-- Who cannot be reached costs no more than before: what is not told to anybody is on nobody's page.
CREATE INDEX messages_of_a_person ON message (owner_id, id) WHERE state <> 'no_address';
CREATE INDEX messages_by_reference ON message (provider, reference) WHERE reference IS NOT NULL;

COMMENT ON COLUMN message.nth IS '0 for the first; then one for each channel that it fell over to';
COMMENT ON COLUMN message.perhaps_again IS 'nobody knows whether an earlier channel told it; the text says so';
COMMENT ON COLUMN message.provider IS 'who has it, or may have it: nobody else is asked to tell it';
COMMENT ON COLUMN message.reference IS 'the provider''s own name of it, by which its receipts come';

-- What a provider said later of what it took. A receipt may be quicker than the note that there was
-- something to be receipted, so it is kept until its message is found.
CREATE TABLE receipt (
    provider   text        NOT NULL,
    reference  text        NOT NULL,
    state      text        NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_receipt_of_each PRIMARY KEY (provider, reference),
    CONSTRAINT receipts_are_final CHECK (state IN ('delivered', 'failed'))
);
CREATE INDEX receipts_by_age ON receipt (written_at);

ALTER TABLE address ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON address TO notify USING (true) WITH CHECK (true);
CREATE POLICY one_s_own ON address FOR SELECT TO notify_person
    USING (person_id = nullif(current_setting('talon.person', true), '')::uuid);
CREATE POLICY one_s_own ON message FOR SELECT TO notify_person
    USING (owner_id = nullif(current_setting('talon.person', true), '')::uuid);
