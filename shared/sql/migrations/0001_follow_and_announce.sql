-- The tables each service has in its own schema to follow a topic exactly once and to announce
-- what it kept. Unqualified on purpose: a role's search_path is its own schema.

-- One row per partition followed. Locked by the first statement of a batch and moved by its last,
-- it is the lock, the fence against a frozen owner that wakes up, the witness after a COMMIT whose
-- answer was lost, and the gapless numbering of what the batch announces.
CREATE TABLE partition_state (
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    next_offset bigint      NOT NULL DEFAULT 0,
    next_index  integer     NOT NULL DEFAULT 0,
    taken_seq   bigint      NOT NULL DEFAULT 0,
    event_seq   bigint      NOT NULL DEFAULT 0,
    outbox_seq  bigint      NOT NULL DEFAULT 0,
    owner       uuid,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (topic, partition),
    CONSTRAINT positions_never_negative CHECK (
        next_offset >= 0 AND next_index >= 0 AND taken_seq >= 0 AND event_seq >= 0
    )
) WITH (fillfactor = 50);

COMMENT ON COLUMN partition_state.next_index IS 'within the record at next_offset';
COMMENT ON COLUMN partition_state.taken_seq IS 'number of the last event applied, where the topic numbers its events';
COMMENT ON COLUMN partition_state.event_seq IS 'number of the last event announced for this partition';
COMMENT ON COLUMN partition_state.outbox_seq IS 'number of the last outbox row written for this partition';

-- Who else follows this topic, so that partitions are shared fairly.
CREATE TABLE follower (
    topic text        NOT NULL,
    owner uuid        NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (topic, owner)
);

-- What was decided and must be announced: one row per batch and partition, deleted once the
-- broker has acknowledged all of it. `messages` is msgpack: [[topic, partition, key, value, headers]].
CREATE TABLE outbox (
    topic     text        NOT NULL,
    partition integer     NOT NULL,
    seq       bigint      NOT NULL,
    kept_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    messages  bytea       NOT NULL,
    CONSTRAINT announced_once PRIMARY KEY (topic, partition, seq)
);
ALTER TABLE outbox ALTER COLUMN messages SET STORAGE EXTERNAL;
