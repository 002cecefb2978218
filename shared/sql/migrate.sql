-- name: create_migration_table
-- What was applied, and that it has not been changed since.
CREATE TABLE IF NOT EXISTS migration (
    package    text        NOT NULL,
    number     integer     NOT NULL,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number)
);

-- name: lock_migrations
-- One process at a time migrates; the lock goes with the connection.
SELECT pg_advisory_lock($1);

-- name: known_migrations
-- What was applied before.
SELECT number, checksum FROM migration WHERE package = $1;

-- name: note_migration
-- In the same transaction as the migration itself.
INSERT INTO migration (package, number, name, checksum) VALUES ($1, $2, $3, $4);
