-- name: apply
-- What replies and events say, a whole batch, guarded by version; and what they settle. $1 to $11
-- are changes, one per booking; $12 the answered commands; $13 and $14 who was refused, and why; $15
-- what was given up late, $16 what the clinic cancelled. $17 and $18 belong to the changes: who besides
-- the owner has a place (whoever does not know the owner has them in it), and who booked it for them.
WITH change AS MATERIALIZED (
    SELECT *
      FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::integer[], $5::timestamptz[],
                  $6::uuid[], $7::text[], $8::uuid[], $9::text[], $10::text[], $11::timestamptz[],
                  $17::text[], $18::uuid[])
           AS c (id, version, status, home, at, owner_id, kind, campaign_id, places, slot_ids,
                 expires_at, guest_ids, booked_by)
), made AS (
    INSERT INTO booking AS b (id, owner_id, kind, status, version, home, campaign_id, places,
                              slot_ids, guest_ids, expires_at, made_at, late, cancelled_by, booked_by)
    SELECT id, owner_id, kind, status, version, home, campaign_id, places::json,
           slot_ids::uuid[], guest_ids::uuid[], expires_at, at, id = ANY ($15::uuid[]),
           CASE WHEN status = 'cancelled'
                THEN CASE WHEN id = ANY ($16::uuid[]) THEN 'clinic' ELSE 'patient' END END,
           booked_by
      FROM change WHERE owner_id IS NOT NULL ORDER BY id
        ON CONFLICT (id) DO UPDATE
       SET kind = excluded.kind, status = excluded.status, version = excluded.version,
           home = excluded.home, campaign_id = excluded.campaign_id, places = excluded.places,
           slot_ids = excluded.slot_ids, guest_ids = excluded.guest_ids, reason = NULL,
           updated_at = clock_timestamp(),
           expires_at = coalesce(excluded.expires_at, b.expires_at),
           late = b.late OR excluded.late, cancelled_by = excluded.cancelled_by,
           booked_by = coalesce(excluded.booked_by, b.booked_by),
           places_told = CASE WHEN b.status = 'booked' THEN coalesce(b.places_told, b.places)
                              ELSE b.places_told END
     WHERE b.version < excluded.version
), changed AS (
    UPDATE booking AS b
       SET status = c.status, version = c.version, updated_at = clock_timestamp(),
           places = coalesce(c.places::json, b.places),
           slot_ids = coalesce(c.slot_ids::uuid[], b.slot_ids),
           guest_ids = CASE WHEN c.places IS NULL THEN b.guest_ids
                            ELSE nullif(array_remove(c.guest_ids::uuid[], b.owner_id), '{}') END,
           left_ids = CASE WHEN c.places IS NULL OR coalesce(b.guest_ids, b.left_ids) IS NULL THEN b.left_ids
                           ELSE (SELECT array_agg(DISTINCT g.id)
                                   FROM unnest(b.left_ids || b.guest_ids) AS g (id)
                                  WHERE g.id <> ALL (coalesce(c.guest_ids, '{}')::uuid[])) END,
           expires_at = coalesce(c.expires_at, b.expires_at),
           late = b.late OR b.id = ANY ($15::uuid[]),
           cancelled_by = CASE WHEN c.status = 'cancelled'
                               THEN CASE WHEN b.id = ANY ($16::uuid[]) THEN 'clinic' ELSE 'patient' END END,
           places_told = CASE WHEN b.status = 'booked' AND c.places IS NOT NULL
                              THEN coalesce(b.places_told, b.places) ELSE b.places_told END
      FROM change AS c
     WHERE c.owner_id IS NULL AND b.id = c.id AND b.version < c.version AND b.version > 0
), refused AS MATERIALIZED (
    SELECT * FROM unnest($13::uuid[], $14::text[]) AS r (id, reason)
), settled AS (
    DELETE FROM pending_command AS p
     USING (SELECT id FROM pending_command
             WHERE id = ANY ($12::uuid[]) ORDER BY id FOR UPDATE) AS s
     WHERE p.id = s.id
    RETURNING p.id, p.booking_id, p.asks
)
UPDATE booking AS b
   SET reason = r.reason, updated_at = clock_timestamp(),
       status = CASE WHEN b.status <> 'pending' THEN b.status
                     WHEN r.reason = 'expired' THEN 'expired' ELSE 'refused' END
  FROM settled AS s
  JOIN refused AS r ON r.id = s.id
 WHERE b.id = s.booking_id
   AND (b.status = 'pending' OR (b.status = 'held' AND s.asks = 'ConfirmHold'))
   AND NOT EXISTS (SELECT FROM change AS c WHERE c.id = b.id);

-- name: apply_made
-- As `apply` does, of what most of a rush is: bookings of one place that were made, each for its owner
-- alone and by its owner, and nothing else told. Less than half of its columns, and of its time to plan.
WITH made AS (
    INSERT INTO booking AS b (id, owner_id, kind, status, version, home, campaign_id, places, slot_ids, made_at)
    SELECT id, owner_id, 'booking', 'booked', version, home, campaign_id, places::json, ARRAY[slot_id], at
      FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::timestamptz[], $5::uuid[], $6::uuid[],
                  $7::text[], $8::uuid[])
           AS c (id, version, home, at, owner_id, campaign_id, places, slot_id)
     ORDER BY id
        ON CONFLICT (id) DO UPDATE
       SET kind = excluded.kind, status = excluded.status, version = excluded.version,
           home = excluded.home, campaign_id = excluded.campaign_id, places = excluded.places,
           slot_ids = excluded.slot_ids, guest_ids = NULL, reason = NULL, cancelled_by = NULL,
           updated_at = clock_timestamp(),
           places_told = CASE WHEN b.status = 'booked' THEN coalesce(b.places_told, b.places)
                              ELSE b.places_told END
     WHERE b.version < excluded.version
)
DELETE FROM pending_command AS p
 USING (SELECT id FROM pending_command
         WHERE id = ANY ($9::uuid[]) ORDER BY id FOR UPDATE) AS s
 WHERE p.id = s.id;

-- name: known_bookings
-- The places each booking had when it was last told of, though a reply may have overtaken that.
SELECT id, owner_id, coalesce(places_told, places) AS places
  FROM booking WHERE id = ANY ($1::uuid[]) AND version > 0;

-- name: catch_up
-- What was told just now is what was last told; it is kept apart only where the row is further on.
UPDATE booking AS b
   SET places_told = CASE WHEN b.version > t.version THEN t.places::json END
  FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS t (id, version, places)
 WHERE b.id = t.id AND b.places_told IS NOT NULL;

-- name: load_bookings
-- Bookings or holds by id, as they are now.
SELECT id, owner_id, kind, status, version, home, made_at, campaign_id, places, expires_at, reason,
       late, cancelled_by, booked_by
  FROM booking WHERE id = ANY ($1::uuid[]);

-- name: own_bookings
-- Of these, those that are the person's, as they are now. Whose rows may be seen, under which ids, is
-- said first, for this statement alone: a condition without a column is looked at once, before any row.
SELECT id, owner_id, kind, status, version, home, made_at, campaign_id, places, expires_at, reason,
       late, cancelled_by, booked_by
  FROM booking
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND id = ANY ($2::uuid[]);

-- name: list_bookings
-- A person's own, under each of their ids, and those of others in which they have a place, of these
-- their places alone; newest first, from the cursor on. Whose rows may be seen is said first.
(SELECT id, owner_id, kind, status, version, home, made_at, campaign_id, places, expires_at, reason,
        late, cancelled_by, booked_by
   FROM booking
  WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
    AND owner_id = ANY ($1) AND kind = 'booking'
    AND ($2::timestamptz IS NULL OR (made_at, id) < ($2, $3::uuid))
  ORDER BY made_at DESC, id DESC
  LIMIT $4)
UNION ALL
(SELECT id, owner_id, kind, status, version, home, made_at, campaign_id,
        (SELECT json_agg(p.place ORDER BY p.nth)
           FROM json_array_elements(b.places) WITH ORDINALITY AS p (place, nth)
          WHERE (p.place->>'patient_id')::uuid = ANY ($1)), expires_at, reason, false, cancelled_by,
        booked_by
   FROM booking AS b
  WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
    AND guest_ids && $1 AND owner_id <> ALL ($1) AND kind = 'booking'
    AND ($2::timestamptz IS NULL OR (made_at, id) < ($2, $3::uuid))
  ORDER BY made_at DESC, id DESC
  LIMIT $4)
 ORDER BY made_at DESC, id DESC
 LIMIT $4;

-- name: left_booking
-- One that the person made, or in which they had a place and have none any more. To be asked only by who
-- shows nothing of it: it is seen past the wall.
SELECT id, owner_id, kind, status, version, home, made_at, campaign_id, places, expires_at, reason,
       late, cancelled_by, booked_by
  FROM booking
 WHERE id = $1 AND kind = 'booking' AND (owner_id = ANY ($2::uuid[]) OR left_ids && $2);

-- name: held_lately
-- What a person holds, under each of their ids, and what of theirs ran out in the last $4 seconds, in some
-- of these slots. Whose rows may be seen is said first. Each half has an index of its own.
SELECT id, slot_ids, made_at, expires_at, clock_timestamp() AS now
  FROM booking
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND owner_id = ANY ($1) AND status = 'held' AND kind = 'hold' AND slot_ids && $2::uuid[] AND id <> $3
   AND expires_at > clock_timestamp() - make_interval(secs => $4)
UNION ALL
SELECT id, slot_ids, made_at, expires_at, clock_timestamp()
  FROM booking
 WHERE owner_id = ANY ($1) AND status = 'expired' AND kind = 'hold' AND slot_ids && $2::uuid[] AND id <> $3
   AND expires_at > clock_timestamp() - make_interval(secs => $4);

-- name: list_holds
-- What a person holds now, under each of their ids. Whose rows may be seen is said first. What is being
-- confirmed is a booking already, though the referee has not said so yet.
SELECT id, owner_id, kind, status, version, home, made_at, campaign_id, places, expires_at, reason,
       late, cancelled_by, booked_by
  FROM booking
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND owner_id = ANY ($1) AND status = 'held' AND kind = 'hold' AND expires_at > clock_timestamp()
 ORDER BY expires_at, id
 LIMIT $2;

-- name: list_ahead
-- What a person has ahead or waits for, under each of their ids, also in others' bookings, newest first.
-- Whose rows may be seen is said first.
SELECT id, owner_id, kind, status, version, home, made_at, campaign_id, places, expires_at, reason,
       late, cancelled_by, booked_by
  FROM booking
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND (owner_id = ANY ($1) OR guest_ids && $1) AND kind = 'booking'
   AND (status = 'pending' OR status = 'booked' AND EXISTS (
        SELECT FROM json_to_recordset(places) AS p (ends_at timestamptz)
         WHERE p.ends_at > clock_timestamp()))
 ORDER BY made_at DESC, id DESC
 LIMIT $2;

-- name: doses_elsewhere
-- Which doses of a campaign a person has under any of their ids, in whosever bookings but this one.
SELECT p.dose, p.starts_at
  FROM booking AS b
 CROSS JOIN LATERAL json_to_recordset(b.places)
       AS p (starts_at timestamptz, patient_id uuid, dose smallint)
 WHERE (b.owner_id = ANY ($1::uuid[]) OR b.guest_ids && $1::uuid[])
   AND b.kind = 'booking' AND b.status = 'booked' AND b.campaign_id = $2 AND b.id <> $3
   AND coalesce(p.patient_id, b.owner_id) = ANY ($1::uuid[]) AND p.dose IS NOT NULL
 ORDER BY p.dose, p.starts_at;
