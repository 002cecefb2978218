-- name: oversold
-- Slots with more people than room, at this moment.
SELECT count(*) FROM slots.slot WHERE held + booked > capacity + extra;

-- name: twice
-- How many people have one dose of a campaign twice, at this moment.
SELECT count(*)
  FROM (SELECT FROM booking.booking
         WHERE status = 'booked' AND campaign_id = $1
         GROUP BY places -> 0 ->> 'patient_id', places -> 0 ->> 'dose'
        HAVING count(*) > 1) AS more;

-- name: lost
-- Of bookings that were answered, those that are no more than an answer.
SELECT count(*)
  FROM unnest($1::uuid[]) AS told (id)
 WHERE NOT EXISTS (SELECT FROM slots.place AS p WHERE p.booking_id = told.id AND p.state = 'booked')
    OR NOT EXISTS (SELECT FROM booking.booking AS b WHERE b.id = told.id AND b.status = 'booked');

-- name: jumped
-- People who have a booking though the line has not come to their place.
SELECT count(*)
  FROM booking.booking AS b
  LEFT JOIN booking.waiter AS w ON w.campaign_id = b.campaign_id AND w.person_id = b.owner_id
  LEFT JOIN booking.line AS r ON r.campaign_id = b.campaign_id
 WHERE b.campaign_id = $1 AND b.status = 'booked'
   AND (w.place IS NULL OR w.place > r.serving);
