-- name: lock_number
-- One message at a time to a number: who waits here sees the one before.
SELECT pg_advisory_xact_lock($1::bigint);

-- name: weigh_sms
-- What was sent before, in a statement after the lock. Of the day only whole hours count for the share
-- that arrives. A message whose key is known is asked again, and was counted.
WITH clock AS MATERIALIZED (
    SELECT clock_timestamp() AS at, date_trunc('hour', clock_timestamp()) AS hour
), own AS MATERIALIZED (
    SELECT s.is_due, s.taken_at > clock.at - interval '1 hour' AS is_now
      FROM clock, sms_sent AS s
     WHERE s.number_index = $2 AND s.taken_at > clock.at - interval '1 day'
), day AS MATERIALIZED (
    SELECT t.what, t.who, t.hour = clock.hour AS is_now, t.taken, t.delivered
      FROM clock, sms_traffic AS t
     WHERE t.hour >= clock.hour - interval '1 day' AND (t.what = 'country' OR t.who = $3)
), total AS (
    SELECT coalesce(sum(taken) FILTER (WHERE what = 'prefix' AND is_now), 0)::integer AS prefix_hour,
           coalesce(sum(taken) FILTER (WHERE what = 'country' AND who = $4 AND is_now), 0)::integer AS country_hour,
           coalesce(sum(taken) FILTER (WHERE what = 'prefix' AND NOT is_now), 0)::integer AS taken,
           coalesce(sum(delivered) FILTER (WHERE what = 'prefix' AND NOT is_now), 0)::integer AS delivered,
           coalesce(sum(taken) FILTER (WHERE what = 'country' AND NOT is_now), 0)::integer AS all_taken,
           coalesce(sum(delivered) FILTER (WHERE what = 'country' AND NOT is_now), 0)::integer AS all_delivered
      FROM day
)
SELECT EXISTS (SELECT FROM sms_sent WHERE key = $1) AS is_known,
       (SELECT count(*) FROM own WHERE NOT is_due AND is_now)::integer AS number_hour,
       (SELECT count(*) FROM own WHERE NOT is_due)::integer AS number_day,
       (SELECT count(*) FROM own WHERE is_due)::integer AS due_day,
       total.*
  FROM total;

-- name: take_sms
-- Counted before it is handed over. The country first, then the prefix: everybody locks them in this order.
WITH kept AS (
    INSERT INTO sms_sent (key, number_index, prefix, country, is_due) VALUES ($1, $2, $3, $4, $5)
    RETURNING date_trunc('hour', taken_at) AS hour
)
INSERT INTO sms_traffic AS t (what, who, hour, taken)
SELECT each.what, each.who, kept.hour, 1
  FROM kept, (VALUES ('country', $4::text), ('prefix', $3::text)) AS each (what, who)
 WHERE NOT $5
 ORDER BY each.what
    ON CONFLICT ON CONSTRAINT one_count_an_hour DO UPDATE SET taken = t.taken + 1;

-- name: give_back_sms
-- It was certainly not taken: a refusal uses up nobody's allowance.
WITH gone AS (
    DELETE FROM sms_sent WHERE key = $1 AND parts IS NULL
    RETURNING prefix, country, date_trunc('hour', taken_at) AS hour, is_due
)
INSERT INTO sms_traffic AS t (what, who, hour)
SELECT each.what, each.who, gone.hour
  FROM gone, LATERAL (VALUES ('country', gone.country), ('prefix', gone.prefix)) AS each (what, who)
 WHERE NOT gone.is_due
 ORDER BY each.what
    ON CONFLICT ON CONSTRAINT one_count_an_hour DO UPDATE SET taken = t.taken - 1;

-- name: note_parts
-- Whose these ids are. The row's lock decides who sees whom: this note, or the receipt that is as quick.
WITH noted AS (
    UPDATE sms_sent SET provider = $2, reference = ($3::text[])[1], parts = cardinality($3::text[])
     WHERE key = $1 AND parts IS NULL
)
INSERT INTO sms_part AS p (provider, reference, key)
SELECT $2, reference, $1 FROM unnest($3::text[]) AS reference ORDER BY reference
    ON CONFLICT ON CONSTRAINT one_part_of_each DO UPDATE SET key = excluded.key;

-- name: keep_reports
-- The first word about a part is the last one. Whose it is may not be known yet.
INSERT INTO sms_part AS p (provider, reference, state)
SELECT $1, r.reference, r.state
  FROM unnest($2::text[], $3::text[]) AS r (reference, state) ORDER BY r.reference
    ON CONFLICT ON CONSTRAINT one_part_of_each DO UPDATE SET state = coalesce(p.state, excluded.state)
RETURNING p.key;

-- name: end_sms
-- Which of these messages have ended: with the first part that failed, or when all parts arrived. Told each
-- time it is asked; counted once. A statement after the parts were noted, since it has to see them.
WITH fate AS (
    SELECT s.key, CASE WHEN bool_or(p.state = 'failed') THEN 'failed'
                       WHEN count(*) FILTER (WHERE p.state = 'delivered') = s.parts THEN 'delivered' END AS state
      FROM sms_sent AS s
      JOIN sms_part AS p ON p.key = s.key
     WHERE s.key = ANY ($1::uuid[]) AND s.parts IS NOT NULL
     GROUP BY s.key
), held AS MATERIALIZED (
    SELECT s.key, s.ended, fate.state
      FROM sms_sent AS s JOIN fate USING (key)
     WHERE fate.state IS NOT NULL
     ORDER BY s.key FOR UPDATE OF s
), ended AS (
    UPDATE sms_sent AS s SET ended = held.state FROM held WHERE s.key = held.key AND s.ended IS NULL
    RETURNING s.prefix, s.country, date_trunc('hour', s.taken_at) AS hour, s.ended, s.is_due
), counted AS (
    INSERT INTO sms_traffic AS t (what, who, hour, delivered)
    SELECT each.what, each.who, ended.hour, count(*)
      FROM ended, LATERAL (VALUES ('country', ended.country), ('prefix', ended.prefix)) AS each (what, who)
     WHERE ended.ended = 'delivered' AND NOT ended.is_due
     GROUP BY each.what, each.who, ended.hour
     ORDER BY each.what, each.who, ended.hour
        ON CONFLICT ON CONSTRAINT one_count_an_hour DO UPDATE SET delivered = t.delivered + excluded.delivered
)
SELECT s.provider, s.reference, coalesce(held.ended, held.state) AS state, held.ended IS NULL AS is_new
  FROM held JOIN sms_sent AS s USING (key);

-- name: forget_texting
-- Once no receipt can come any more, and nobody is held to any limit by it.
WITH sent AS (
    DELETE FROM sms_sent WHERE key IN (
        SELECT key FROM sms_sent WHERE taken_at < clock_timestamp() - make_interval(days => $1)
         ORDER BY taken_at LIMIT $2)
    RETURNING 1
), part AS (
    DELETE FROM sms_part WHERE (provider, reference) IN (
        SELECT provider, reference FROM sms_part WHERE at < clock_timestamp() - make_interval(days => $1)
         ORDER BY at LIMIT $2)
    RETURNING 1
), traffic AS (
    DELETE FROM sms_traffic WHERE hour < clock_timestamp() - make_interval(days => $1)
    RETURNING 1
)
SELECT (SELECT count(*) FROM sent) + (SELECT count(*) FROM part) + (SELECT count(*) FROM traffic) AS gone;
