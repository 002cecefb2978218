-- name: make_room
-- One wish makes one room, and a campaign has one; nothing comes back where either was there before.
WITH made AS (
    INSERT INTO waiting_room
           (campaign_id, wish_id, body_hash, service, opens_at, draws_at, seed, seed_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING
    RETURNING campaign_id
), door AS (
    INSERT INTO staff_door (campaign_id, share) SELECT campaign_id, $11 FROM made
)
INSERT INTO line (campaign_id, speed_min, speed_max, speed)
SELECT campaign_id, $9, $10, $9 FROM made
RETURNING campaign_id;

-- name: room_of_wish
-- What an earlier request with this key made.
SELECT campaign_id, body_hash FROM waiting_room WHERE wish_id = $1;

-- name: rooms
-- All of them: those that are closed can still be checked.
SELECT r.campaign_id, r.service, r.opens_at, r.draws_at, r.seed, r.seed_hash, l.speed_min, l.speed_max,
       l.speed, l.arrivals, l.early, l.drawn_at, l.serving, l.moved_at, l.closed_at,
       d.share AS staff_share, d.come AS staff_come, d.counted AS staff_counted
  FROM waiting_room AS r JOIN line AS l USING (campaign_id) JOIN staff_door AS d USING (campaign_id);

-- name: lock_room
-- The row lock is the order of arrival. Its own statement: the next one sees what was waited for.
SELECT campaign_id FROM line WHERE campaign_id = $1 FOR UPDATE;

-- name: join_room
-- Who is not there yet comes, in the order given, all at one instant, which says whether they are
-- early; what is settled at the draw is settled by the first who come after it. Who was there stays.
-- Nobody comes before the room opens, nor once it is closed.
WITH instant AS MATERIALIZED (
    SELECT clock_timestamp() AS at
), room AS MATERIALIZED (
    SELECT l.arrivals, l.early, i.at, l.early IS NOT NULL OR i.at >= r.draws_at AS is_late
      FROM waiting_room AS r JOIN line AS l USING (campaign_id), instant AS i
     WHERE r.campaign_id = $1 AND r.opens_at <= i.at AND l.closed_at IS NULL
), come AS MATERIALIZED (
    SELECT asked.person_id, room.at, room.is_late,
           room.arrivals + row_number() OVER (ORDER BY asked.nth) AS arrival
      FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (person_id, nth), room
     WHERE NOT EXISTS (
        SELECT FROM waiter AS w WHERE w.campaign_id = $1 AND w.person_id = asked.person_id
     )
), written AS (
    INSERT INTO waiter (campaign_id, person_id, arrival, place, joined_at)
    SELECT $1, person_id, arrival, CASE WHEN is_late THEN arrival END, at FROM come
    RETURNING person_id, place
), counted AS (
    UPDATE line AS l
       SET arrivals = l.arrivals + (SELECT count(*) FROM come),
           early = CASE WHEN room.is_late THEN coalesce(l.early, l.arrivals) END
      FROM room
     WHERE l.campaign_id = $1
)
SELECT person_id, place FROM written
UNION ALL
SELECT w.person_id, w.place
  FROM waiter AS w, room
 WHERE w.campaign_id = $1 AND w.person_id = ANY ($2::uuid[]);

-- name: settle_early
-- Who has come by now came early. By itself, so that whoever comes later does not wait for the draw.
UPDATE line AS l SET early = coalesce(l.early, l.arrivals)
  FROM waiting_room AS r
 WHERE r.campaign_id = l.campaign_id AND l.drawn_at IS NULL AND r.draws_at <= clock_timestamp()
RETURNING l.campaign_id, r.seed, l.early;

-- name: draw_alone
-- One process draws a room; what another has in hand is left to it.
SELECT pg_try_advisory_xact_lock(hashtextextended($1::uuid::text, 0));

-- name: early_people
-- Whose places are drawn.
SELECT person_id FROM waiter WHERE campaign_id = $1 AND arrival <= $2;

-- name: give_places
-- The first of the list has place 1. Whoever has a place keeps it.
UPDATE waiter AS w
   SET place = drawn.place
  FROM unnest($2::uuid[]) WITH ORDINALITY AS drawn (person_id, place)
 WHERE w.campaign_id = $1 AND w.person_id = drawn.person_id AND w.place IS NULL;

-- name: note_drawn
-- From now on the line moves.
UPDATE line SET drawn_at = clock_timestamp(), moved_at = clock_timestamp()
 WHERE campaign_id = $1 AND drawn_at IS NULL;

-- name: lock_rooms_to_move
-- One process moves a line at a time, some time after it was moved last: while somebody waits, it is not
-- at its fastest, or staff came in who were not counted yet.
SELECT campaign_id FROM line
 WHERE drawn_at IS NOT NULL AND closed_at IS NULL
   AND (serving < arrivals OR speed < speed_max
        OR EXISTS (SELECT FROM staff_door AS d WHERE d.campaign_id = line.campaign_id AND d.counted < d.come))
   AND moved_at <= clock_timestamp() - $1::interval
 ORDER BY campaign_id
   FOR UPDATE SKIP LOCKED;

-- name: room_to_move
-- As it is under the lock, and how long ago it was moved.
SELECT r.campaign_id, r.service, r.opens_at, r.draws_at, r.seed, r.seed_hash, l.speed_min, l.speed_max,
       l.speed, l.arrivals, l.early, l.drawn_at, l.serving, l.moved_at, l.closed_at,
       d.share AS staff_share, d.come AS staff_come, d.counted AS staff_counted,
       extract(epoch FROM clock_timestamp() - l.moved_at)::float8 AS seconds
  FROM waiting_room AS r JOIN line AS l USING (campaign_id) JOIN staff_door AS d USING (campaign_id)
 WHERE r.campaign_id = $1;

-- name: move_line
-- Never back.
UPDATE line
   SET speed = $2, serving = greatest(serving, $3), moved_at = clock_timestamp()
 WHERE campaign_id = $1;

-- name: change_speed
-- By a person, at any time; what it may not be is said by a constraint. Staff keep their share where
-- nothing is said of it.
WITH door AS (
    UPDATE staff_door SET share = coalesce($4, share) WHERE campaign_id = $1
)
UPDATE line
   SET speed_min = $2, speed_max = $3, speed = least($3, greatest($2, speed))
 WHERE campaign_id = $1
RETURNING campaign_id;

-- name: close_room
-- Nobody needs a pass there any more. Closed once, it stays so.
UPDATE line SET closed_at = coalesce(closed_at, clock_timestamp())
 WHERE campaign_id = $1
RETURNING campaign_id;

-- name: forget_waiters
-- Of rooms that were closed long ago, some at a time: who waited there is nobody's to know any more.
DELETE FROM waiter
 WHERE (campaign_id, person_id) IN (
    SELECT w.campaign_id, w.person_id
      FROM waiter AS w JOIN line AS l USING (campaign_id)
     WHERE l.closed_at < clock_timestamp() - make_interval(days => $1)
     LIMIT $2
 );

-- name: own_tickets
-- Where one person waits or has waited. Whose rows may be seen is said first.
SELECT campaign_id, arrival, place, joined_at FROM waiter
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND person_id = ANY ($1)
 ORDER BY joined_at, campaign_id;

-- name: tell_pressure
-- One row for each front desk.
INSERT INTO desk_pressure (instance, at, answer_seconds, seats_share, turned_away)
VALUES ($1, clock_timestamp(), $2, $3, $4)
    ON CONFLICT (instance) DO UPDATE
   SET at = excluded.at, answer_seconds = excluded.answer_seconds,
       seats_share = excluded.seats_share, turned_away = excluded.turned_away;

-- name: pressure
-- The worst of what was told lately; nothing where nobody has told anything.
SELECT max(answer_seconds) AS answer_seconds, max(seats_share) AS seats_share,
       sum(turned_away)::integer AS turned_away
  FROM desk_pressure
 WHERE at > clock_timestamp() - $1::interval
HAVING count(*) > 0;

-- name: drawn_people
-- Those whom a draw has put in order, from a place on.
SELECT w.person_id, w.place
  FROM waiter AS w
  JOIN line AS l USING (campaign_id)
 WHERE w.campaign_id = $1 AND l.drawn_at IS NOT NULL AND w.place BETWEEN $2 AND l.early
 ORDER BY w.place
 LIMIT $3;
