-- name: load_profiles
-- What is known of these persons, as it is sealed.
SELECT person_id, version, sealed_name, sealed_birth_date, sealed_phone, sealed_email, sealed_notes
  FROM profile WHERE person_id = ANY ($1::uuid[]);

-- name: version_of_profile
-- Which version of the row is sealed next; the person's key is held.
SELECT coalesce((SELECT version FROM profile WHERE person_id = $1), 0) + 1;

-- name: keep_profile
-- The whole of it, under the version that its fields are sealed for.
INSERT INTO profile (person_id, version, sealed_name, sealed_birth_date, sealed_phone, sealed_email,
                     sealed_notes)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (person_id) DO UPDATE
       SET version = excluded.version, sealed_name = excluded.sealed_name,
           sealed_birth_date = excluded.sealed_birth_date, sealed_phone = excluded.sealed_phone,
           sealed_email = excluded.sealed_email, sealed_notes = excluded.sealed_notes,
           changed_at = clock_timestamp(), used_at = clock_timestamp();

-- name: drop_index_of
-- By what the person was found until now.
DELETE FROM found_by WHERE person_id = $1;

-- name: index_profile
-- By what the person is found from now on.
INSERT INTO found_by (person_id, kind, value)
SELECT $1, * FROM unnest($2::text[], $3::bytea[]);

-- name: find_people
-- Who has exactly this; one who was merged leads to whom they were merged into.
SELECT DISTINCT coalesce(m.into_id, f.person_id) AS person_id
  FROM found_by AS f LEFT JOIN merged_person AS m ON m.id = f.person_id
 WHERE f.kind = $1 AND f.value = $2
 ORDER BY person_id LIMIT $3;

-- name: find_twins
-- Who else was born on the same day and has the same phone or address; who is known to be one
-- person already is no other.
SELECT DISTINCT coalesce(n.into_id, theirs.person_id) AS person_id
  FROM found_by AS mine
  LEFT JOIN merged_person AS m ON m.id = mine.person_id
  JOIN found_by AS theirs ON theirs.kind = mine.kind AND theirs.value = mine.value
  LEFT JOIN merged_person AS n ON n.id = theirs.person_id
 WHERE coalesce(m.into_id, mine.person_id) = $1
   AND mine.kind IN ('phone and birth date', 'email and birth date')
   AND coalesce(n.into_id, theirs.person_id) <> $1
 ORDER BY person_id LIMIT $2;

-- name: profiles_out_of_use
-- Persons who for so many days neither changed what is known of them nor had a visit or a booking,
-- their own or their guardian's. Of the others it is noted, so that they are not looked at before
-- their time.
WITH old AS MATERIALIZED (
    SELECT p.person_id, coalesce(m.into_id, d.guardian_id, p.person_id) AS owner_id
      FROM profile AS p
      LEFT JOIN merged_person AS m ON m.id = p.person_id
      LEFT JOIN patient AS d ON d.id = p.person_id
     WHERE p.used_at < clock_timestamp() - make_interval(days => $1)
     ORDER BY p.used_at LIMIT $2
), last AS MATERIALIZED (
    SELECT old.person_id, visit.at
      FROM old
     CROSS JOIN LATERAL (
           SELECT max(greatest(b.updated_at, place.ends_at)) AS at
             FROM booking AS b
             LEFT JOIN LATERAL json_to_recordset(b.places) AS place (ends_at timestamptz) ON true
            WHERE (b.owner_id = old.owner_id OR b.guest_ids && ARRAY[old.person_id])
              AND b.kind = 'booking') AS visit
     WHERE visit.at >= clock_timestamp() - make_interval(days => $1)
), noted AS (
    UPDATE profile AS p SET used_at = last.at
      FROM last WHERE p.person_id = last.person_id AND p.used_at < last.at
)
SELECT person_id FROM old WHERE person_id NOT IN (SELECT person_id FROM last);

-- name: is_still_unused
-- Nothing was said since the person was found out of use; their key is held.
SELECT EXISTS (SELECT FROM profile
                WHERE person_id = $1 AND used_at < clock_timestamp() - make_interval(days => $2));
