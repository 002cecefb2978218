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
