-- Telemedicine visits. A row is there from the moment that its window opens: until then the place of a
-- booking in a virtual slot says all there is to say. Nothing of this costs a plain booking anything.
CREATE INDEX virtual_slots_by_time ON slot (starts_at) WHERE modality = 'virtual';

CREATE TABLE visit (
    id              uuid        NOT NULL,
    booking_id      uuid        NOT NULL,
    booking_version bigint      NOT NULL,
    home            integer     NOT NULL,
    owner_id        uuid        NOT NULL,
    patient_id      uuid        NOT NULL,
    slot_id         uuid        NOT NULL,
    clinic_id       uuid        NOT NULL,
    line_id         uuid        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    place           json        NOT NULL,
    status          text        NOT NULL DEFAULT 'booked',
    presence        text        NOT NULL DEFAULT 'absent',
    version         integer     NOT NULL DEFAULT 0,
    noshow_by       text,
    arrived_at      timestamptz,
    admitted_at     timestamptz,
    ended_at        timestamptz,
    dropped_at      timestamptz,
    seen_at         timestamptz,
    due_at          timestamptz,
    CONSTRAINT one_visit_of_a_place PRIMARY KEY (id),
    CONSTRAINT visit_of_a_booking FOREIGN KEY (booking_id) REFERENCES booking (id),
    CONSTRAINT known_status CHECK (
        status IN ('booked', 'arrived', 'waiting', 'admitted', 'ended', 'noshow', 'cancelled')
    ),
    CONSTRAINT known_presence CHECK (presence IN ('absent', 'here', 'away', 'phone')),
    CONSTRAINT noshow_says_by_whom CHECK (
        (status = 'noshow') = (noshow_by IS NOT NULL) AND noshow_by IN ('patient', 'practitioner')
    ),
    CONSTRAINT admitted_before_ended CHECK (
        (status IN ('admitted', 'ended')) = (admitted_at IS NOT NULL)
        AND (status = 'ended') = (ended_at IS NOT NULL)
    ),
    CONSTRAINT here_was_seen CHECK (presence <> 'here' OR seen_at IS NOT NULL),
    CONSTRAINT what_is_over_is_not_due CHECK (
        (status IN ('ended', 'noshow', 'cancelled')) = (due_at IS NULL)
    )
);
CREATE INDEX visits_by_due ON visit (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX visits_in_line ON visit (clinic_id, line_id, starts_at, id);
COMMENT ON COLUMN visit.line_id IS 'the practitioner; of a slot that names none, the clinic';
COMMENT ON COLUMN visit.due_at IS 'not before this does anything happen by itself; it is looked then what, if anything';

-- Each step of a visit, once, whoever takes it twice at the same moment; and what is told of it, until
-- whoever follows the home's partition has told it.
CREATE TABLE visit_step (
    visit_id  uuid        NOT NULL,
    version   integer     NOT NULL,
    step      text        NOT NULL,
    status    text        NOT NULL,
    taken_at  timestamptz NOT NULL,
    by_id     uuid,
    wish_id   uuid,
    body_hash bytea,
    home      integer     NOT NULL,
    event     json,
    told_at   timestamptz,
    CONSTRAINT one_step_of_a_version PRIMARY KEY (visit_id, version),
    CONSTRAINT one_wish_one_step UNIQUE (wish_id),
    CONSTRAINT step_of_a_visit FOREIGN KEY (visit_id) REFERENCES visit (id),
    CONSTRAINT known_step CHECK (step IN (
        'arrive', 'wait', 'drop', 'rejoin', 'admit', 'phone', 'end', 'noshow', 'cancel'
    )),
    CONSTRAINT wish_with_its_hash CHECK ((wish_id IS NULL) = (body_hash IS NULL)),
    CONSTRAINT nothing_is_told_of_nothing CHECK (event IS NOT NULL OR told_at IS NOT NULL)
);
CREATE INDEX visit_steps_untold ON visit_step (home, taken_at) WHERE told_at IS NULL;
COMMENT ON COLUMN visit_step.by_id IS 'who of the clinic took it; none where the patient''s page or the clock did';

ALTER TABLE visit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE visit_step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON visit TO booking USING (true) WITH CHECK (true);
CREATE POLICY the_service_at_work ON visit_step TO booking USING (true) WITH CHECK (true);
CREATE POLICY the_audit ON visit FOR SELECT TO auditor USING (true);
CREATE POLICY the_audit ON visit_step FOR SELECT TO auditor USING (true);
