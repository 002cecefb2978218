-- What became of a visit is seen, on behalf of a person, by whoever booked it.
CREATE INDEX visits_of_booking ON visit (booking_id);
CREATE POLICY one_s_own ON visit FOR SELECT TO booking_person
    USING (owner_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[]));
