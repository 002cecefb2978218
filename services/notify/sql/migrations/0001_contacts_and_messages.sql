-- What the messenger remembers: where a person is reached, and every message and its fate.

-- The only place in Talon where a delivery address is stored. No row: no address.
CREATE TABLE contact (
    person_id  uuid        PRIMARY KEY,
    email      text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_plain_address CHECK (email ~ '^[!-?A-~]+@[!-?A-~]+$' AND length(email) <= 254)
);

-- The ledger. A row is written in the transaction that takes the event, claimed in a committed one
-- before the mail server hears of it, and settled afterwards. `event` is what is told, as it came.
CREATE TABLE message (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      uuid        NOT NULL,
    booking_id    uuid        NOT NULL,
    version       bigint      NOT NULL,
    owner_id      uuid        NOT NULL,
    channel       text        NOT NULL,
    event         jsonb       NOT NULL,
    written_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL,
    state         text        NOT NULL DEFAULT 'waiting',
    due_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts      integer     NOT NULL DEFAULT 0,
    claimed_by    uuid,
    claimed_at    timestamptz,
    claimed_until timestamptz,
    settled_at    timestamptz,
    note          text        NOT NULL DEFAULT '',
    CONSTRAINT told_once UNIQUE (event_id, owner_id, channel),
    CONSTRAINT known_channel CHECK (channel IN ('email')),
    CONSTRAINT known_state CHECK (
        state IN ('waiting', 'claimed', 'sent', 'failed', 'unknown', 'expired', 'no_address')
    ),
    CONSTRAINT claimed_before_sent CHECK (
        state NOT IN ('claimed', 'sent', 'failed', 'unknown') OR claimed_by IS NOT NULL
    ),
    CONSTRAINT claims_run_out CHECK ((state = 'claimed') = (claimed_until IS NOT NULL)),
    CONSTRAINT settled_or_not CHECK ((state IN ('waiting', 'claimed')) = (settled_at IS NULL))
);
CREATE INDEX waiting_by_due ON message (due_at, id) WHERE state = 'waiting';
CREATE INDEX unsettled_of_booking ON message (booking_id, owner_id, channel, version)
    WHERE state IN ('waiting', 'claimed');
CREATE INDEX claimed_by_end ON message (claimed_until) WHERE state = 'claimed';
CREATE INDEX unknown_by_age ON message (settled_at) WHERE state = 'unknown';

COMMENT ON COLUMN message.due_at IS 'not tried before this; moved by each backoff';
COMMENT ON COLUMN message.claimed_until IS 'found still claimed after this, its fate is unknown';
COMMENT ON COLUMN message.note IS 'code and stage of the last refusal; never the server''s words, which may repeat an address';
