-- Papers of persons, for slots that ask for one: entered by staff who have seen them.

-- To which polyclinic somebody is attached, since when. Under each id to one at a time.
CREATE TABLE attachment (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id uuid        NOT NULL,
    clinic_id uuid        NOT NULL,
    since     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz,
    by_id     uuid        NOT NULL,
    CONSTRAINT ended_after_it_began CHECK (ended_at >= since)
);
CREATE UNIQUE INDEX one_attachment_at_a_time ON attachment (person_id) WHERE ended_at IS NULL;
CREATE INDEX attachments_of_person ON attachment (person_id, since, id);

-- That somebody is sent to a service, at one clinic or any. One for one visit is used up by whoever has
-- its claim with the referee; here it is only seen by which booking.
CREATE TABLE referral (
    id          uuid        PRIMARY KEY,
    person_id   uuid        NOT NULL,
    service     text        NOT NULL,
    clinic_id   uuid,
    valid_until timestamptz NOT NULL,
    once        boolean     NOT NULL,
    body_hash   bytea       NOT NULL,
    by_id       uuid        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz
);
CREATE INDEX referrals_of_person ON referral (person_id, made_at, id);

ALTER TABLE attachment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE referral ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON attachment TO booking USING (true) WITH CHECK (true);
CREATE POLICY the_service_at_work ON referral TO booking USING (true) WITH CHECK (true);
-- Of a dependant as well: behind its own wall patient shows only those.
CREATE POLICY one_s_own ON attachment FOR SELECT TO booking_person
    USING (person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR person_id IN (SELECT id FROM patient));
CREATE POLICY one_s_own ON referral FOR SELECT TO booking_person
    USING (person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR person_id IN (SELECT id FROM patient));
