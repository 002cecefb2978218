-- name: lock_staff_door
-- The row lock is the queue. Its own statement: the next one sees what was waited for.
SELECT campaign_id FROM staff_door WHERE campaign_id = $1 FOR UPDATE;

-- name: staff_door
-- As it is under the lock, how long ago it was filled, and whether this wish has come in already.
SELECT d.share, d.credit, l.speed, l.drawn_at IS NOT NULL AS is_drawn,
       extract(epoch FROM clock_timestamp() - d.filled_at)::float8 AS seconds,
       EXISTS (SELECT FROM staff_turn WHERE wish_id = $2) AS has_come
  FROM staff_door AS d JOIN line AS l USING (campaign_id)
 WHERE d.campaign_id = $1;

-- name: staff_come
-- One comes in, by this wish; what the door has earned since is added first. By how much, not to how much:
-- two who did not wait for each other go below nothing, which the table does not allow.
WITH noted AS (
    INSERT INTO staff_turn (wish_id, campaign_id) VALUES ($2, $1)
)
UPDATE staff_door
   SET credit = credit + $3 - 1, come = come + 1, filled_at = filled_at + make_interval(secs => $4)
 WHERE campaign_id = $1;

-- name: count_staff
-- Of those who came in, so many more are taken off the line.
UPDATE staff_door SET counted = least(come, counted + $2) WHERE campaign_id = $1;

-- name: forget_staff_turns
-- As long as a key is good, some at a time.
DELETE FROM staff_turn
 WHERE wish_id IN (
    SELECT wish_id FROM staff_turn
     WHERE come_at < clock_timestamp() - make_interval(days => $1) LIMIT $2
 );
