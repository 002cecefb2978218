-- A device is told what is one person's: the last one's who said so on it.
CREATE UNIQUE INDEX a_device_is_one_person_s ON address (channel, address_index)
    WHERE channel IN ('web_push', 'mobile_push');

-- Whose call it is: of the clinic at which the first of the visits was, or is.
CREATE FUNCTION clinic_of(event jsonb) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(event #>> '{freed,0,clinic_id}', event #>> '{places,0,clinic_id}',
                event #>> '{place,clinic_id}')::uuid;
CREATE INDEX calls_of_a_clinic ON message (clinic_of(event), id) WHERE channel = 'list';
CREATE INDEX call_by_event ON message (event_id) WHERE channel = 'list';
