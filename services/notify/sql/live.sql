-- name: keep_live_events
-- In the transaction that moves the position. A number that is there already is a bug: no ON CONFLICT.
INSERT INTO live_event (home, seq, owner_id, event)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::uuid[], $4::json[]);

-- name: look_for_live_events
-- Positions and rows in one statement, which is one snapshot: since they are committed together,
-- every row up to `taken` is seen here, and none behind it.
SELECT since.home, coalesce(s.taken_seq, 0) AS taken, coalesce(f.seq, 0) AS forgotten,
       l.seq, l.owner_id, l.event, l.age_seconds
  FROM unnest($2::integer[], $3::bigint[]) AS since (home, seq)
  LEFT JOIN partition_state AS s ON s.topic = $1 AND s.partition = since.home
  LEFT JOIN live_forgotten AS f ON f.home = since.home
  LEFT JOIN LATERAL (
       SELECT e.seq, e.owner_id, e.event,
              extract(epoch FROM clock_timestamp() - e.written_at)::float8 AS age_seconds
         FROM live_event AS e
        WHERE e.home = since.home AND e.seq > since.seq
        ORDER BY e.seq LIMIT $4) AS l ON true
 ORDER BY since.home, l.seq;

-- name: find_missed_live_events
-- What lies in each gap, and whether some of it may be forgotten: in one statement, since between
-- two a gap could be forgotten and be taken for an empty one.
SELECT gap.nth, coalesce(f.seq, 0) > gap.after AS forgotten, l.seq, l.event
  FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[])
       WITH ORDINALITY AS gap (owner_id, home, after, until, nth)
  LEFT JOIN live_forgotten AS f ON f.home = gap.home
  LEFT JOIN LATERAL (
       SELECT e.seq, e.event FROM live_event AS e
        WHERE e.owner_id = gap.owner_id AND e.home = gap.home
          AND e.seq > gap.after AND e.seq <= gap.until
        ORDER BY e.seq LIMIT $5) AS l ON true
 ORDER BY gap.nth, l.seq;

-- name: forget_old_live_events
-- The oldest of each partition, a bite at a time, and how far that went, in one statement. In one
-- order, so that two processes that forget the same wait for each other and never in a ring.
WITH old AS (
    SELECT s.partition AS home, e.seq
      FROM partition_state AS s
     CROSS JOIN LATERAL (
           SELECT seq, written_at FROM live_event WHERE home = s.partition
            ORDER BY seq LIMIT $3) AS e
     WHERE s.topic = $1 AND e.written_at < clock_timestamp() - make_interval(days => $2)
     ORDER BY home, e.seq
), gone AS (
    DELETE FROM live_event AS e USING old WHERE e.home = old.home AND e.seq = old.seq
    RETURNING e.home, e.seq
), noted AS (
    INSERT INTO live_forgotten (home, seq)
    SELECT home, max(seq) FROM gone GROUP BY home ORDER BY home
        ON CONFLICT (home) DO UPDATE SET seq = greatest(live_forgotten.seq, excluded.seq)
)
SELECT count(*) FROM gone;
