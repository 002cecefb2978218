-- name: audit_pending_has_its_wish
-- A booking that waits for its answer has a wish that is asked again until there is one.
SELECT b.id::text FROM booking AS b
 WHERE b.status = 'pending' AND NOT EXISTS (
       SELECT FROM pending_command AS p WHERE p.booking_id = b.id)
 LIMIT $1;

-- name: audit_wishes_end
-- A wish whose time was over a quarter of an hour ago is answered.
SELECT id::text FROM pending_command
 WHERE deadline < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_holds_end
-- A hold that ran out a quarter of an hour ago does not show as held.
SELECT id::text FROM booking
 WHERE status = 'held' AND expires_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_what_is_kept_is_told
-- What a reply has kept is told, a quarter of an hour later at the latest.
SELECT id::text FROM booking
 WHERE places_told IS NOT NULL AND updated_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_found_by_their_slots
-- A booking is found by each slot it has a place in: who closes a slot must find everybody.
SELECT id::text FROM booking
 WHERE status = 'booked' AND EXISTS (
       SELECT FROM json_array_elements(places) AS p WHERE (p->>'slot_id')::uuid <> ALL (slot_ids))
 LIMIT $1;

-- name: audit_merged_lead_to_one_person
-- Whoever was merged leads to somebody who was not: nobody has to be followed twice.
SELECT m.id::text FROM merged_person AS m JOIN merged_person AS n ON n.id = m.into_id
 LIMIT $1;

-- name: audit_erased_is_gone
-- Nothing of an erased person opens any more: no key of theirs is older than their erasure.
SELECT e.person_id::text
  FROM erased_person AS e JOIN person_key AS k ON k.person_id = e.person_id
 WHERE k.wrapped IS NOT NULL AND k.made_at <= e.erased_at
 LIMIT $1;

-- name: audit_erasures_are_told
-- Whoever keeps something of an erased person hears of it, a quarter of an hour later at the latest.
SELECT person_id::text FROM erased_person
 WHERE told_at IS NULL AND erased_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_visits_come_to_an_end
-- What is to happen to a visit by itself has happened, a quarter of an hour later at the latest.
SELECT id::text FROM visit WHERE due_at < clock_timestamp() - interval '15 minutes' LIMIT $1;

-- name: audit_visit_steps_are_told
-- A step of a visit is told of, a quarter of an hour later at the latest.
SELECT visit_id::text FROM visit_step
 WHERE told_at IS NULL AND taken_at < clock_timestamp() - interval '15 minutes'
 LIMIT $1;

-- name: audit_nobody_both_came_and_was_missed
-- Of a booking to which nobody came, nobody has come.
SELECT v.id::text
  FROM visit AS v JOIN booking AS b ON b.id = v.booking_id
 WHERE v.modality = 'physical' AND v.status IN ('arrived', 'ended') AND b.status = 'noshow'
 LIMIT $1;

-- name: audit_visits_are_their_steps
-- Of the visits of the last day: as many steps as the version says, and the status is the last one's.
SELECT v.id::text
  FROM visit AS v
  LEFT JOIN LATERAL (
       SELECT count(*) AS steps, (array_agg(s.status ORDER BY s.version DESC))[1] AS status
         FROM visit_step AS s WHERE s.visit_id = v.id) AS s ON true
 WHERE v.starts_at > clock_timestamp() - interval '1 day'
   AND (s.steps <> v.version OR v.version > 0 AND s.status <> v.status)
 LIMIT $1;

-- name: audit_ruled_places_through_a_campaign
-- Whoever was booked a minute or more after rules came into force has no place of their service without
-- naming a campaign. What was in force before the last publication is not looked at again.
WITH ruled AS MATERIALIZED (
    SELECT s.service, min(p.at) AS since
      FROM (SELECT DISTINCT ON (campaign_id) campaign_id, book_id, before_id, at
              FROM publication ORDER BY campaign_id, number DESC) AS p
      JOIN campaign AS c ON c.id = p.campaign_id
      JOIN rule_book AS b ON b.id IN (p.book_id, p.before_id)
      LEFT JOIN LATERAL json_to_recordset(b.products) AS r (service text) ON true
     CROSS JOIN LATERAL (SELECT coalesce(r.service, c.service)) AS s (service)
     GROUP BY s.service)
SELECT b.id::text
  FROM booking AS b
 WHERE b.kind = 'booking' AND b.status = 'booked' AND b.campaign_id IS NULL
   AND b.made_at > (SELECT min(since) FROM ruled) + interval '1 minute'
   AND EXISTS (
       SELECT FROM json_to_recordset(b.places) AS p (service text)
         JOIN ruled AS r ON r.service = p.service
        WHERE b.made_at > r.since + interval '1 minute')
 LIMIT $1;
