-- name: attachments_of
-- To which clinics these ids of one person are attached now.
SELECT clinic_id FROM attachment WHERE person_id = ANY ($1::uuid[]) AND ended_at IS NULL;

-- name: referrals_of
-- Where these ids of one person are sent, and by which booking a referral for one visit is used up: one
-- that they, whoever asks ($2) or acts for them has made. Of any other the referee knows.
SELECT r.id, r.service, r.clinic_id, r.valid_until, r.once, u.used_by, u.used_in
  FROM referral AS r
  LEFT JOIN LATERAL (
       SELECT b.id AS used_by, p.slot_id AS used_in
         FROM booking AS b
        CROSS JOIN LATERAL json_to_recordset(b.places) AS p (slot_id uuid, based_on uuid)
        WHERE (b.owner_id = ANY ($1::uuid[] || $2::uuid[])
               OR b.owner_id IN (SELECT guardian_id FROM patient WHERE id = ANY ($1)
                                  UNION ALL
                                 SELECT proxy_id FROM relation WHERE person_id = ANY ($1)))
          AND b.kind = 'booking' AND b.status = 'booked' AND p.based_on = r.id
        LIMIT 1) AS u ON r.once
 WHERE r.person_id = ANY ($1) AND r.revoked_at IS NULL
 ORDER BY r.valid_until, r.id;

-- name: end_attachment
-- To another clinic, under whichever of their ids.
UPDATE attachment SET ended_at = clock_timestamp()
 WHERE person_id = ANY ($1::uuid[]) AND ended_at IS NULL AND clinic_id IS DISTINCT FROM $2;

-- name: attach
-- Attached there already, it stays as it is.
INSERT INTO attachment (person_id, clinic_id, by_id)
SELECT ($1::uuid[])[1], $2, $3
 WHERE NOT EXISTS (SELECT FROM attachment
                    WHERE person_id = ANY ($1) AND ended_at IS NULL AND clinic_id = $2);

-- name: refer
-- One wish makes one; nothing comes back where it was made before.
INSERT INTO referral (id, person_id, service, clinic_id, valid_until, once, body_hash, by_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: referral_of_wish
-- What an earlier request with this key made.
SELECT body_hash FROM referral WHERE id = $1;

-- name: revoke_referral
-- The first time counts. Who has booked by it keeps what they have.
UPDATE referral SET revoked_at = coalesce(revoked_at, clock_timestamp())
 WHERE id = $2 AND person_id = ANY ($1::uuid[])
RETURNING id;

-- name: all_attachments
-- What there is and was, oldest first.
SELECT person_id, clinic_id, since, ended_at FROM attachment
 WHERE person_id = ANY ($1::uuid[]) ORDER BY since, id LIMIT $2;

-- name: all_referrals
-- What there is and was, oldest first.
SELECT id, person_id, service, clinic_id, valid_until, once, made_at, revoked_at FROM referral
 WHERE person_id = ANY ($1::uuid[]) ORDER BY made_at, id LIMIT $2;

-- name: own_attachments
-- The same for a person: of themselves and their children. Whose rows may be seen is said first.
SELECT person_id, clinic_id, since, ended_at FROM attachment
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND person_id = ANY ($2::uuid[]) ORDER BY since, id LIMIT $3;

-- name: own_referrals
-- The same for a person: of themselves and their children. Whose rows may be seen is said first.
SELECT id, person_id, service, clinic_id, valid_until, once, made_at, revoked_at FROM referral
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND person_id = ANY ($2::uuid[]) ORDER BY made_at, id LIMIT $3;

-- name: forget_attachments
-- They go with the person.
DELETE FROM attachment WHERE person_id = ANY ($1::uuid[]);

-- name: forget_referrals
-- They go with the person.
DELETE FROM referral WHERE person_id = ANY ($1::uuid[]);
