-- name: list_devices
-- A person's own, the newest first. Whose rows may be seen was said in this transaction.
SELECT version, sealed, address_index, made_at FROM address
 WHERE person_id = $1 AND channel = $2
 ORDER BY made_at DESC, nth;

-- name: others_with
-- Who else was told on this device.
SELECT person_id FROM address WHERE channel = $1 AND address_index = $2 AND person_id <> $3;
