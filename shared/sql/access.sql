-- name: lock_register
-- One process at a time opens a chain, so that the register has no two rows after one. An advisory
-- lock: to lock the table takes the right to change it. It goes with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), $1));

-- name: last_chain
-- What the next row of the register follows.
SELECT number, id, opened_at, opened_by, previous, hash FROM access_chain ORDER BY number DESC LIMIT 1;

-- name: open_chain
-- A new chain, in the register.
INSERT INTO access_chain (number, id, opened_at, opened_by, previous, hash)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: keep_batch
-- Told whether it is there, however often it is sent: the answer to the first time may have been lost.
-- What comes back is the hash of the row that now has the number.
WITH kept AS (
    INSERT INTO access_log (chain, seq, at, persons, entries, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT ON CONSTRAINT one_batch_per_number DO NOTHING
    RETURNING hash
)
SELECT hash FROM kept
 UNION ALL
SELECT hash FROM access_log WHERE chain = $1 AND seq = $2;

-- name: batches_of_person
-- Batches in which somebody's data were touched, under any of their ids, newest first, from the cursor's own batch on.
SELECT chain, seq, at, persons, entries, previous, hash
  FROM access_log
 WHERE persons && $1::uuid[]
   AND ($2::timestamptz IS NULL OR (at, chain, seq) <= ($2, $3::uuid, $4::bigint))
 ORDER BY at DESC, chain DESC, seq DESC
 LIMIT $5;

-- name: all_chains
-- The whole register, in order.
SELECT number, id, opened_at, opened_by, previous, hash FROM access_chain ORDER BY number;

-- name: chains_written
-- Which chains have batches, whether the register knows them or not.
SELECT DISTINCT chain FROM access_log;

-- name: batches_of_chain
-- A chain from behind a number on, in order.
SELECT chain, seq, at, persons, entries, previous, hash
  FROM access_log WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3;
