-- name: begin_dry_run
-- Compared with what is in force for everybody; at which moment, PostgreSQL says where nobody else does.
-- Nothing comes back where this wish was there before; another one that runs breaks the constraint.
INSERT INTO dry_run (id, campaign_id, book_id, against_id, publication, as_of, body_hash, made_by)
VALUES ($1, $2, $3, $4, $5, coalesce($6, clock_timestamp()), $7, $8)
    ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: load_dry_run
-- As far as it is, and whether what it was compared with is still in force, a day later at the most.
SELECT d.id, d.campaign_id, d.book_id, d.against_id, d.publication, d.as_of, d.body_hash, d.made_at,
       d.found, d.ended_at,
       d.made_at > clock_timestamp() - interval '1 day' AND d.publication = (
           SELECT coalesce(max(number), 0) FROM publication WHERE campaign_id = d.campaign_id) AS holds
  FROM dry_run AS d WHERE d.id = $1;

-- name: claim_dry_run
-- The one that runs, for the time of a lease.
UPDATE dry_run SET runner = $1, lease_until = clock_timestamp() + make_interval(secs => $2)
 WHERE ended_at IS NULL AND (lease_until < clock_timestamp() OR runner = $1)
RETURNING id, book_id, against_id, as_of, position, found;

-- name: try_batch
-- The next so many persons after $1, by the first phase of each book that admits them: counts alone leave
-- this statement. What is not known makes a condition NULL, which admits nobody. $4 is the month.
WITH phase AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($3::text::jsonb)
           AS p (is_new boolean, nth integer, born_after date, born_by date, districts text[],
                 professions text[], risk_groups text[])
), person AS MATERIALIZED (
    SELECT person_id, born_month, district, profession, risk_groups
      FROM person_fact WHERE person_id > $1 ORDER BY person_id LIMIT $2
), judged AS (
    SELECT f.person_id, f.district,
           ($4 - (extract(year FROM f.born_month) * 12 + extract(month FROM f.born_month))::integer + 1)
               / 120 AS band,
           fits.before, fits.after
      FROM person AS f
     CROSS JOIN LATERAL (
           SELECT min(p.nth) FILTER (WHERE NOT p.is_new) AS before,
                  min(p.nth) FILTER (WHERE p.is_new) AS after
             FROM phase AS p
            WHERE (p.born_by IS NULL OR f.born_month <= p.born_by)
              AND (p.born_after IS NULL OR f.born_month > p.born_after)
              AND (p.districts IS NULL OR f.district = ANY (p.districts))
              AND (p.professions IS NULL OR f.profession = ANY (p.professions))
              AND (p.risk_groups IS NULL OR f.risk_groups && p.risk_groups)) AS fits
)
SELECT before, after, district, band, count(*) AS people,
       (SELECT max(person_id::text)::uuid FROM person) AS last
  FROM judged GROUP BY before, after, district, band;

-- name: count_unknown
-- Who is registered, and of whom nothing is known that rules ask for.
SELECT count(*) FROM profile AS p
 WHERE NOT EXISTS (SELECT FROM person_fact AS f WHERE f.person_id = p.person_id)
   AND NOT EXISTS (SELECT FROM merged_person AS m WHERE m.id = p.person_id);

-- name: note_batch
-- It is so far; nothing comes back where somebody else has carried it on from $3 meanwhile.
UPDATE dry_run
   SET position = $4, found = $5, lease_until = clock_timestamp() + make_interval(secs => $6)
 WHERE id = $1 AND runner = $2 AND position = $3 AND ended_at IS NULL
RETURNING id;

-- name: end_dry_run
-- All persons have been looked at.
UPDATE dry_run SET found = $4, ended_at = clock_timestamp()
 WHERE id = $1 AND runner = $2 AND position = $3 AND ended_at IS NULL
RETURNING id;

-- name: give_up_dry_run
-- What has not ended after so long never will: another may begin.
DELETE FROM dry_run WHERE ended_at IS NULL AND made_at < clock_timestamp() - interval '10 minutes';
