-- Who may act for whom: a guardian for a child until it comes of age, and for an adult whoever the adult
-- has agreed to.

-- A child that came of age is nobody's any more. It is noted when it is first seen, since the birth date
-- is sealed; from then on it stays so, whatever is said of the birth date.
ALTER TABLE patient ADD COLUMN outgrown_at timestamptz;
ALTER TABLE patient ADD CONSTRAINT only_a_child_comes_of_age
    CHECK (outgrown_at IS NULL OR guardian_id IS NOT NULL);

-- FHIR's RelatedPerson, for adults. `made_person`: the person is known by this proposal alone and has no
-- account, as far as is known. A witness is who works at a clinic and has the consent on paper.
CREATE TABLE relation (
    id              uuid        PRIMARY KEY,
    proxy_id        uuid        NOT NULL,
    person_id       uuid        NOT NULL,
    state           text        NOT NULL,
    made_person     boolean     NOT NULL,
    body_hash       bytea,
    consent_version integer,
    consented_at    timestamptz,
    witness_id      uuid,
    proposed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by      uuid        NOT NULL,
    CONSTRAINT nobody_is_their_own_proxy CHECK (proxy_id <> person_id),
    CONSTRAINT known_state CHECK (state IN ('proposed', 'accepted', 'declined', 'withdrawn')),
    CONSTRAINT nobody_acts_without_consent CHECK (
        state <> 'accepted' OR (consent_version IS NOT NULL AND consented_at IS NOT NULL)
    ),
    CONSTRAINT consent_has_version_and_time CHECK (
        (consent_version IS NULL) = (consented_at IS NULL)
    ),
    CONSTRAINT a_witness_is_a_third_person CHECK (
        witness_id IS NULL
        OR (consented_at IS NOT NULL AND witness_id <> proxy_id AND witness_id <> person_id)
    )
);
CREATE UNIQUE INDEX one_relation_of_two ON relation (proxy_id, person_id) WHERE state <> 'withdrawn';
CREATE INDEX relations_of_proxy ON relation (proxy_id, proposed_at, id);
CREATE INDEX relations_of_person ON relation (person_id, proposed_at DESC, id DESC);
CREATE INDEX relations_by_end ON relation (changed_at) WHERE state = 'withdrawn';

ALTER TABLE relation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON relation TO booking USING (true) WITH CHECK (true);
CREATE POLICY one_s_own ON relation FOR SELECT TO booking_person
    USING (proxy_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[]));

-- Who came of age is behind the wall for who was their guardian.
ALTER POLICY one_s_own ON patient
    USING (id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR (guardian_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
               AND outgrown_at IS NULL));

-- What is known of an adult is to be seen by who acts for them, while they agree to it.
ALTER POLICY one_s_own ON profile
    USING (person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR person_id IN (SELECT id FROM patient)
           OR person_id IN (SELECT r.person_id FROM relation AS r WHERE r.state = 'accepted'));
ALTER POLICY one_s_own ON person_key
    USING (person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR person_id IN (SELECT id FROM patient)
           OR person_id IN (SELECT r.person_id FROM relation AS r WHERE r.state = 'accepted'));
