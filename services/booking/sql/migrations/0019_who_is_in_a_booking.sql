-- Who besides its owner has a place in a booking: they see their own place, and leave by themselves.
-- Filled for what is booked; what was over before this is seen by its owner alone, as it was.
ALTER TABLE booking
    ADD COLUMN guest_ids uuid[],
    ADD COLUMN left_ids uuid[];
COMMENT ON COLUMN booking.guest_ids IS 'the persons besides its owner who have a place; null where nobody has';
COMMENT ON COLUMN booking.left_ids IS 'the persons besides its owner who had a place and have none; null where nobody had';

ALTER TABLE booking NO FORCE ROW LEVEL SECURITY;
UPDATE booking AS b SET guest_ids = g.ids
  FROM (SELECT b.id, array_agg(DISTINCT p.patient_id) AS ids
          FROM booking AS b CROSS JOIN LATERAL json_to_recordset(b.places) AS p (patient_id uuid)
         WHERE b.status = 'booked' AND p.patient_id <> b.owner_id
         GROUP BY b.id) AS g
 WHERE g.id = b.id;
ALTER TABLE booking FORCE ROW LEVEL SECURITY;

CREATE INDEX bookings_of_guest ON booking USING gin (guest_ids) WHERE guest_ids IS NOT NULL;

CREATE POLICY a_place_of_one_s_own ON booking FOR SELECT TO booking_person
    USING (guest_ids && nullif(current_setting('talon.person', true), '')::uuid[]);

-- What became of their visit is theirs to see as well.
CREATE INDEX visits_of_patient ON visit (patient_id);
CREATE POLICY a_place_of_one_s_own ON visit FOR SELECT TO booking_person
    USING (patient_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[]));
