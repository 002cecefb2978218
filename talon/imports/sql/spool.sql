-- name: quick
-- A copy of what lies in the source: nothing is lost with it, so nothing waits for the disk.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;

-- name: tables
-- `named` are the slots of which only the key could be read. All is read in one transaction.
CREATE TABLE slot (
    key        text PRIMARY KEY,
    id         blob,
    clinic_key text    NOT NULL,
    day        text    NOT NULL,
    row        blob    NOT NULL
) WITHOUT ROWID;
CREATE TABLE named (
    key text PRIMARY KEY,
    id  blob
) WITHOUT ROWID;
BEGIN;

-- name: add
-- The first slot of a key is the one that counts.
INSERT INTO slot (key, clinic_key, day, row) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: row_of
-- The slot of this key.
SELECT row FROM slot WHERE key = ?;

-- name: name
-- Once is enough.
INSERT INTO named (key) VALUES (?) ON CONFLICT DO NOTHING;

-- name: first_day
-- From which a publication is moved.
SELECT min(day) FROM slot;

-- name: days_until
-- From when until when it speaks for its clinics; days beyond are typing mistakes.
SELECT min(day), max(day) FROM slot WHERE day <= ?;

-- name: identify
-- Known only when all is read, since moved slots have ids of their own.
BEGIN;
UPDATE slot SET id = slot_id(key);
UPDATE named SET id = slot_id(key);
CREATE INDEX slot_by_clinic ON slot (clinic_key, day);
CREATE INDEX slot_by_id ON slot (id);
CREATE INDEX named_by_id ON named (id);
COMMIT;

-- name: slots_of
-- One clinic's slots, day by day.
SELECT id, row FROM slot WHERE clinic_key = ? ORDER BY day, key;

-- name: mentions
-- Does the source speak of the slot with this id, in whatever way?
SELECT EXISTS (SELECT 1 FROM slot WHERE id = ?1) OR EXISTS (SELECT 1 FROM named WHERE id = ?1);
