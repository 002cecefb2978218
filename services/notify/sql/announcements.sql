-- name: word_announcements
-- At whichever home it is heard of first; stopped it may be already.
INSERT INTO announcement (id, words, expires_at)
SELECT a.* FROM unnest($1::uuid[], $2::json[], $3::timestamptz[]) AS a (id, words, expires_at)
 ORDER BY a.id
    ON CONFLICT (id) DO NOTHING;

-- name: sayings
-- What is still to be told of these. Locked, so that nobody stops them before this is written down:
-- whoever does waits, and then finds the messages.
SELECT id, words, expires_at FROM announcement
 WHERE id = ANY ($1::uuid[]) AND stopped_at IS NULL
 ORDER BY id FOR SHARE;

-- name: stop_announcements
-- Its words may come later at another home: then nobody is told either.
UPDATE announcement SET stopped_at = coalesce(stopped_at, clock_timestamp())
 WHERE id = ANY ($1::uuid[]);

-- name: take_back_announced
-- What nobody has begun to send is never sent.
UPDATE message
   SET state = 'expired', settled_at = now(), note = 'the announcement was stopped'
 WHERE booking_id = ANY ($1::uuid[]) AND state = 'waiting';

-- name: spend
-- One more today; nothing comes back where the budget is spent. Days long gone are dropped by the way.
WITH gone AS (
    DELETE FROM announcement_spending WHERE day < (now() AT TIME ZONE 'UTC')::date - 30
)
INSERT INTO announcement_spending AS s (day, channel, spent)
VALUES ((now() AT TIME ZONE 'UTC')::date, $1, 1)
    ON CONFLICT ON CONSTRAINT one_count_a_day DO UPDATE SET spent = s.spent + 1 WHERE s.spent < $2
RETURNING s.spent;
