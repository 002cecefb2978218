-- name: closed_days
-- What a clinic says of a day counts before what is said for all.
SELECT day FROM (
    SELECT DISTINCT ON (day) day, closed FROM holiday
     WHERE (clinic_id = $1 OR clinic_id IS NULL) AND day BETWEEN $2 AND $3
     ORDER BY day, clinic_id NULLS LAST
) AS said
 WHERE closed
 ORDER BY day;

-- name: list_holidays
-- The same with names, and with who is there on each day: open slots, and people booked or held.
SELECT said.day, said.name, said.closed, said.everywhere, there.slots, there.people
  FROM (
    SELECT DISTINCT ON (day) day, name, closed, clinic_id IS NULL AS everywhere FROM holiday
     WHERE (clinic_id = $1 OR clinic_id IS NULL) AND day BETWEEN $2 AND $3
     ORDER BY day, clinic_id NULLS LAST
  ) AS said
  JOIN clinic ON clinic.id = $1
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE open) AS slots, coalesce(sum(held + booked), 0) AS people
      FROM slot
     WHERE slot.clinic_id = $1
       AND starts_at >= said.day::timestamp AT TIME ZONE clinic.time_zone
       AND starts_at < (said.day + 1)::timestamp AT TIME ZONE clinic.time_zone
  ) AS there
 ORDER BY said.day
 LIMIT $4;

-- name: set_holiday
-- The last word counts.
INSERT INTO holiday (clinic_id, day, name, closed) VALUES ($1, $2, $3, $4)
    ON CONFLICT ON CONSTRAINT one_word_for_each_day
    DO UPDATE SET name = excluded.name, closed = excluded.closed, made_at = excluded.made_at;
