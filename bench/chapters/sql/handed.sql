-- name: now_is
-- From here on it counts.
SELECT clock_timestamp();

-- name: handed_over
-- Not the auditor's: needs the cluster's owner. Of what was booked since then: how many messages, how many of
-- them the mail server has, and how long after the decision.
SELECT count(*) AS messages,
       count(*) FILTER (WHERE state = 'sent') AS sent,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY delay) AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY delay) AS p99,
       max(delay) AS longest
  FROM (SELECT state,
               extract(epoch FROM settled_at - (event ->> 'at')::timestamptz)::float8 AS delay
          FROM notify.message
         WHERE event ->> 'type' = 'BookingConfirmed' AND (event ->> 'at')::timestamptz >= $1) AS told;
