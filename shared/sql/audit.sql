-- name: limit_audit
-- For this transaction: no promise takes longer, none takes more than one core, none is compiled;
-- and what is grouped stays in memory, since on disk it takes five times as long.
SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '64MB', true);

-- name: audit_told_without_a_gap
-- Of what waits to be announced no number is missing, up to the last that was given.
SELECT s.topic || ' ' || s.partition
  FROM partition_state AS s
  JOIN (SELECT topic, partition, min(seq) AS first, max(seq) AS last, count(*) AS number
          FROM outbox GROUP BY topic, partition) AS o USING (topic, partition)
 WHERE o.number <> o.last - o.first + 1 OR o.last <> s.outbox_seq
 LIMIT $1;

-- name: audit_accesses_chained
-- The newest batches of the access log are as they were written, and each follows the one before it.
-- All of them, and whether the end is there: python -m talon accesses verify.
SELECT n.chain || ' ' || n.seq
  FROM (SELECT * FROM access_log ORDER BY at DESC, chain DESC, seq DESC LIMIT 100) AS n
 WHERE n.hash <> sha256(n.previous || uuid_send(n.chain) || int8send(n.seq)
                        || int8send((extract(epoch FROM n.at) * 1000000)::bigint)
                        || sha256(convert_to(n.entries::text, 'UTF8')))
    OR n.previous IS DISTINCT FROM CASE
           WHEN n.seq = 1 THEN (SELECT c.hash FROM access_chain AS c WHERE c.id = n.chain)
           ELSE (SELECT b.hash FROM access_log AS b WHERE b.chain = n.chain AND b.seq = n.seq - 1)
       END
 LIMIT $1;
