-- name: slots_opened
-- Slots that are new; told again, they stay as they are.
INSERT INTO slot (id, clinic_id, service, starts_at, ends_at, open, version, modality, practitioner_id,
                  resource, asks_for)
SELECT *
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[],
              $6::boolean[], $7::bigint[], $8::text[], $9::uuid[], $10::text[], $11::text[])
    ON CONFLICT (id) DO NOTHING;

-- name: slots_changed
-- Slots shut or reopened. Only reopening takes back that the bookings are to be cancelled.
UPDATE slot AS s
   SET open = c.open, version = c.version,
       closing_id = CASE WHEN c.reopened THEN c.closing_id
                         ELSE coalesce(c.closing_id, s.closing_id) END
  FROM unnest($1::uuid[], $2::boolean[], $3::bigint[], $4::uuid[], $5::boolean[])
       AS c (id, open, version, closing_id, reopened)
 WHERE s.id = c.id AND s.version < c.version;

-- name: slot_facts
-- What never changes about these slots.
SELECT id, clinic_id, service, starts_at, ends_at, modality, practitioner_id, resource, asks_for
  FROM slot WHERE id = ANY ($1::uuid[]);
