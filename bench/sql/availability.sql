-- name: fill_clinics
-- Clinics around Moscow, on a square of 40 km.
INSERT INTO clinic (id, name, time_zone, address, district, latitude, longitude)
SELECT gen_random_uuid(), 'Polyclinic No. ' || n, 'Europe/Moscow', 'Moscow, Street ' || n, 'District ' || n % 125,
       55.57 + random() * 0.36, 37.30 + random() * 0.64
  FROM generate_series(1, $1::integer) AS n;

-- name: fill_slots
-- So many a day for two weeks from tomorrow at each clinic, every 15 minutes from nine on, one place in each.
INSERT INTO slot (id, clinic_id, service, starts_at, ends_at, capacity)
SELECT gen_random_uuid(), c.id, 'vaccination', at, at + interval '15 minutes', 1
  FROM clinic AS c,
       generate_series(1, 14) AS day,
       generate_series(0, $1::integer - 1) AS nth,
       LATERAL (SELECT date_trunc('day', now()) + make_interval(days => day, hours => 6, mins => nth * 15) AS at) AS t
 LIMIT $2;

-- name: number_events
-- As if somebody had decided before.
INSERT INTO partition_state (topic, partition) SELECT $1, p FROM generate_series(0, $2::integer - 1) AS p;
