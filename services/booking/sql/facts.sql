-- name: load_facts
-- What is known of these persons, as far as rules ask for it.
SELECT person_id, born_month, district, profession, risk_groups
  FROM person_fact WHERE person_id = ANY ($1::uuid[]);

-- name: own_facts
-- The same for a person: of themselves and their dependants. Whose rows may be seen is said first.
SELECT person_id, born_month, district, profession, risk_groups FROM person_fact
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND person_id = ANY ($2::uuid[]);

-- name: keep_facts
-- From now on this is what is known, and nothing else.
INSERT INTO person_fact (person_id, born_month, district, profession, risk_groups)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (person_id) DO UPDATE
       SET born_month = excluded.born_month, district = excluded.district,
           profession = excluded.profession, risk_groups = excluded.risk_groups,
           changed_at = clock_timestamp();

-- name: merge_facts
-- What only the one id knew, the other knows from now on; the one has none of its own any more.
WITH gone AS (
    DELETE FROM person_fact WHERE person_id = $1
    RETURNING born_month, district, profession, risk_groups
)
INSERT INTO person_fact AS f (person_id, born_month, district, profession, risk_groups)
SELECT $2, born_month, district, profession, risk_groups FROM gone
    ON CONFLICT (person_id) DO UPDATE
       SET born_month = coalesce(f.born_month, excluded.born_month),
           district = coalesce(f.district, excluded.district),
           profession = coalesce(f.profession, excluded.profession),
           risk_groups = coalesce(f.risk_groups, excluded.risk_groups),
           changed_at = clock_timestamp();

-- name: forget_facts
-- They go with the person.
DELETE FROM person_fact WHERE person_id = ANY ($1::uuid[]);

-- name: own_permits
-- By which rules a person and their dependants were admitted. Whose rows may be seen is said first.
SELECT booking_id, patient_id, dose, campaign_id, book_id, phase, at FROM permit
 WHERE (SELECT set_config('talon.person', $1::uuid[]::text, true)) IS NOT NULL
   AND patient_id = ANY ($2::uuid[])
 ORDER BY at, booking_id, dose LIMIT $3;

-- name: forget_permits
-- They say what somebody is, so they go with the person.
DELETE FROM permit WHERE patient_id = ANY ($1::uuid[]);

-- name: has_permit
-- Whether this was admitted for this very wish, when it was first asked.
SELECT 1 FROM permit WHERE wish_id = $1 AND patient_id = $2 AND dose = $3;

-- name: permit
-- Nothing comes back where something else was published meanwhile. The time is this server's, and the
-- constraint looks whether the phase is open then.
INSERT INTO permit (wish_id, booking_id, campaign_id, publication, at, patient_id, dose, book_id, phase,
                    opens_at, closes_at)
SELECT $1, $2, $3, $4, clock_timestamp(), w.*
  FROM unnest($5::uuid[], $6::smallint[], $7::uuid[], $8::text[], $9::timestamptz[],
              $10::timestamptz[]) AS w (patient_id, dose, book_id, phase, opens_at, closes_at)
 WHERE $4 = (SELECT max(number) FROM publication WHERE campaign_id = $3)
    ON CONFLICT (wish_id, patient_id, dose) DO UPDATE
       SET publication = excluded.publication, book_id = excluded.book_id, phase = excluded.phase,
           opens_at = excluded.opens_at, closes_at = excluded.closes_at, at = excluded.at
RETURNING 1;
