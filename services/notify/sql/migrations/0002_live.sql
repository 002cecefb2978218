-- What a person's open pages are told, and told again when they come back after a while.

-- One row per event of `booking.events`, under its number in its partition. It is written in the
-- transaction that moves `partition_state.taken_seq`: who sees the position sees every row up to it.
CREATE TABLE live_event (
    home       integer     NOT NULL,
    seq        bigint      NOT NULL,
    owner_id   uuid        NOT NULL,
    event      json        NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_event_per_number PRIMARY KEY (home, seq)
);
CREATE INDEX live_event_by_owner ON live_event (owner_id, home, seq);

COMMENT ON COLUMN live_event.event IS 'as it came: json, not jsonb, since nobody looks into it here';

-- Up to which number each partition's rows are gone. A page that stood before it may have missed
-- something, and is told so.
CREATE TABLE live_forgotten (
    home integer NOT NULL PRIMARY KEY,
    seq  bigint  NOT NULL
);

-- What was taken before there was this table was never written down for anybody.
INSERT INTO live_forgotten (home, seq)
SELECT partition, taken_seq FROM partition_state WHERE topic = 'booking.events';
