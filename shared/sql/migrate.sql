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
SELECT number, checksum FROM migration WHERE package = $1 AND number > 0;

-- name: known_grants
-- Which grants were made; they have the number 0, since they are made anew whenever they change.
SELECT checksum FROM migration WHERE package = $1 AND number = 0;

-- name: note_grants
-- In the same transaction as the grants themselves.
INSERT INTO migration (package, number, name, checksum) VALUES ($1, 0, $2, $3)
    ON CONFLICT (package, number) DO UPDATE SET checksum = excluded.checksum, applied_at = now();

-- name: note_migration
-- In the same transaction as the migration itself.
INSERT INTO migration (package, number, name, checksum) VALUES ($1, $2, $3, $4);
