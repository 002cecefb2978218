-- What a rule book would change, tried on everybody before it is published; and who agreed to that.

-- One dry run, and how far it is: any process carries it on, batch by batch, from `position`.
CREATE TABLE dry_run (
    id          uuid        PRIMARY KEY,
    campaign_id uuid        NOT NULL,
    book_id     uuid        NOT NULL,
    against_id  uuid,
    publication integer     NOT NULL,
    as_of       timestamptz NOT NULL,
    body_hash   bytea       NOT NULL,
    made_by     uuid        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    position    uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    found       json        NOT NULL DEFAULT '{}',
    runner      uuid,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    ended_at    timestamptz,
    CONSTRAINT tried_books_are_there FOREIGN KEY (book_id) REFERENCES rule_book (id)
);
CREATE UNIQUE INDEX one_dry_run_at_a_time ON dry_run ((ended_at IS NULL)) WHERE ended_at IS NULL;
COMMENT ON COLUMN dry_run.publication IS 'what was in force when it began: it is compared with that';
