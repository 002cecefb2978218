-- name: database_now
-- Deadlines are told in PostgreSQL's time; each process learns its distance from it.
SELECT clock_timestamp();

-- name: ensure_partitions
-- A topic's rows exist before anybody wants to own them.
INSERT INTO partition_state (topic, partition)
SELECT $1, p FROM generate_series(0, $2::integer - 1) AS p
    ON CONFLICT DO NOTHING;

-- name: tell_alive
-- Says that this process follows the topic for the time of a lease.
INSERT INTO follower (topic, owner, until)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (topic, owner) DO UPDATE SET until = excluded.until;

-- name: forget_dead_followers
-- Rows of processes that ended without a word, long after their lease.
DELETE FROM follower WHERE until < clock_timestamp() - interval '1 minute';

-- name: count_followers
-- How many share the topic now, and how many of them come before me when something is left over.
SELECT count(*) AS followers, count(*) FILTER (WHERE owner < $2) AS before_me
  FROM follower WHERE topic = $1 AND until > clock_timestamp();

-- name: renew_leases
-- Keeps what is mine; what is missing in the answer was lost.
UPDATE partition_state
   SET lease_until = clock_timestamp() + make_interval(secs => $3)
 WHERE topic = $1 AND owner = $2
RETURNING partition;

-- name: claim_partitions
-- SKIP LOCKED: a row in a running batch is nobody's to take.
UPDATE partition_state AS s
   SET owner = $2, lease_until = clock_timestamp() + make_interval(secs => $3)
  FROM (SELECT partition FROM partition_state
         WHERE topic = $1 AND (owner IS NULL OR lease_until < clock_timestamp())
         ORDER BY partition LIMIT $4 FOR UPDATE SKIP LOCKED) AS free
 WHERE s.topic = $1 AND s.partition = free.partition
RETURNING s.partition;

-- name: release_partitions
-- Gives partitions to whoever comes next, at once.
UPDATE partition_state SET owner = NULL, lease_until = '-infinity'
 WHERE topic = $1 AND owner = $2 AND partition = ANY ($3::integer[]);

-- name: forget_follower
-- A process that leaves in good order says so.
DELETE FROM follower WHERE topic = $1 AND owner = $2;

-- name: fence
-- First statement of every batch: who does not own the rows decides nothing.
SELECT partition, next_offset, next_index, taken_seq, event_seq, outbox_seq
  FROM partition_state
 WHERE topic = $1 AND owner = $2
 ORDER BY partition
   FOR UPDATE;

-- name: advance
-- Last statement of every batch: position, numbering, lease and what is to be announced.
WITH moved AS (
    UPDATE partition_state AS s
       SET next_offset = n.next_offset, next_index = n.next_index, taken_seq = n.taken_seq,
           event_seq = n.event_seq, outbox_seq = n.outbox_seq,
           lease_until = clock_timestamp() + make_interval(secs => $3)
      FROM unnest($4::integer[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[], $9::bigint[])
           AS n (partition, next_offset, next_index, taken_seq, event_seq, outbox_seq)
     WHERE s.topic = $1 AND s.owner = $2 AND s.partition = n.partition
    RETURNING s.partition
), kept AS (
    INSERT INTO outbox (topic, partition, seq, messages)
    SELECT $1, o.partition, o.seq, o.messages
      FROM unnest($10::integer[], $11::bigint[], $12::bytea[]) AS o (partition, seq, messages)
)
SELECT count(*) FROM moved;

-- name: unannounced
-- What a predecessor kept and did not live to announce.
SELECT seq, messages FROM outbox WHERE topic = $1 AND partition = $2 ORDER BY seq;

-- name: mark_announced
-- Deletes the contiguous acknowledged prefix of each partition, and nothing behind it.
DELETE FROM outbox AS o
 USING unnest($2::integer[], $3::bigint[]) AS a (partition, seq)
 WHERE o.topic = $1 AND o.partition = a.partition AND o.seq <= a.seq;

-- name: outbox_depth
-- How many rows wait to be announced, and how old the oldest is, in seconds.
SELECT count(*) AS depth,
       coalesce(extract(epoch FROM clock_timestamp() - min(kept_at)), 0)::float8 AS age_seconds
  FROM outbox;

-- name: positions
-- Where to read on, for each partition owned.
SELECT partition, next_offset, next_index FROM partition_state
 WHERE topic = $1 AND owner = $2 ORDER BY partition;
