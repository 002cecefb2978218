-- The links that were used. Written in the transaction that keeps what the link asks for, so that a
-- link without a row has done nothing, and one with a row does nothing more.
CREATE TABLE link_use (
    link_id   uuid        NOT NULL,
    purpose   text        NOT NULL,
    person_id uuid        NOT NULL,
    object_id uuid        NOT NULL,
    key_hash  bytea       NOT NULL,
    until     timestamptz NOT NULL,
    used_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT used_once PRIMARY KEY (link_id),
    CONSTRAINT used_in_time CHECK (used_at < until)
);
COMMENT ON COLUMN link_use.key_hash IS
    'of the Idempotency-Key: the same request, asked again, is the same use';
