-- name: list_day
-- Who has or had a place at a clinic on one of its days, in order of time, from the cursor on. Only
-- places know the clinic's time zone, so its slots are looked for from where that day begins first
-- on earth to where it ends last. All are looked up at once, in half the time that one after the
-- other takes: every look into this index also reads what was written lately and not sorted in yet.
SELECT p.id AS place_id, b.id AS booking_id, b.status, p.slot_id, p.service, p.starts_at, p.ends_at,
       coalesce(p.patient_id, b.owner_id) AS patient_id, p.dose,
       coalesce(p.modality, 'physical') AS modality, p.practitioner_id,
       b.late, b.cancelled_by, b.booked_by, v.status AS visit_status, v.arrived_at, v.ended_at,
       c.said_at AS coming_at
  FROM booking AS b
 CROSS JOIN LATERAL json_to_recordset(b.places)
       AS p (id uuid, slot_id uuid, service text, starts_at timestamptz, ends_at timestamptz,
             clinic_id uuid, time_zone text, patient_id uuid, dose smallint,
             modality text, practitioner_id uuid)
  LEFT JOIN visit AS v ON v.id = p.id
  LEFT JOIN coming AS c ON c.place_id = p.id AND c.slot_id = p.slot_id
 WHERE b.slot_ids && ARRAY(
           SELECT s.id FROM slot AS s
            WHERE s.clinic_id = $1
              AND s.starts_at >= $2::date::timestamp AT TIME ZONE 'UTC' - interval '14 hours'
              AND s.starts_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC' + interval '12 hours')
   AND b.status = $4 AND b.kind = 'booking'
   AND p.clinic_id = $1 AND ($3::text IS NULL OR p.service = $3)
   AND (p.starts_at AT TIME ZONE p.time_zone)::date = $2::date
   AND ($5::timestamptz IS NULL OR (p.starts_at, p.id) > ($5, $6::uuid))
 ORDER BY p.starts_at, p.id
 LIMIT $7;
