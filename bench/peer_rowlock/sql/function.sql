-- The same transaction inside the server: one journey for all of it.
CREATE FUNCTION book_at_once(
    asked uuid, wanted uuid, patient uuid, campaign uuid, nth smallint,
    hash bytea, said bytea, told bytea
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    left_over integer;
BEGIN
    SELECT CASE WHEN open AND starts_at > clock_timestamp() THEN capacity - booked ELSE 0 END
      INTO left_over FROM slot WHERE id = wanted FOR UPDATE;
    IF left_over IS NULL OR left_over < 1 THEN
        INSERT INTO idempotency (wish, body_hash, status, answer)
        VALUES (asked, hash, 409, CASE WHEN left_over IS NULL THEN 'slot_unknown' ELSE 'slot_full' END::bytea)
            ON CONFLICT DO NOTHING;
        RETURN left_over;
    END IF;
    INSERT INTO idempotency (wish, body_hash, status, answer) VALUES (asked, hash, 201, said);
    INSERT INTO booking
           (id, owner_id, patient_id, campaign_id, dose, slot_id, status, version)
    VALUES (asked, patient, patient, campaign, nth, wanted, 'booked', 1);
    INSERT INTO outbox (booking_id, event) VALUES (asked, told);
    UPDATE slot SET booked = booked + 1 WHERE id = wanted;
    RETURN left_over;
END
$$;
