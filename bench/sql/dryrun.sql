-- name: fill_people
-- So many persons, spread evenly over months of birth and districts; some are ill, a few treat them.
INSERT INTO person_fact (person_id, born_month, district, profession, risk_groups)
SELECT gen_random_uuid(),
       date_trunc('month', $3::date + (random() * 35000)::integer)::date,
       ($2::text[])[1 + (random() * (cardinality($2::text[]) - 1))::integer],
       CASE WHEN random() < 0.03 THEN 'doctor' WHEN random() < 0.05 THEN 'teacher' END,
       CASE WHEN random() < 0.15 THEN '{diabetes}'::text[] WHEN random() < 0.8 THEN '{}'::text[] END
  FROM generate_series(1, $1);

-- name: make_a_campaign
-- The rule books are of some campaign.
INSERT INTO campaign (id, wish_id, body_hash, name, service, opens_at, doses, min_days, max_days)
VALUES ($1, $1, '', 'Autumn', 'vaccination', '-infinity', 1, 0, 0);

-- name: write_one
-- A small write, as any booking does several of.
INSERT INTO patient (id) VALUES ($1);
