-- Who has slots of their own at a clinic (FHIR's PractitionerRole): whoever works at two is there twice,
-- under one id. Told to everybody, so it is a name for patients and nothing else of the person.
CREATE TABLE practitioner (
    clinic_id     uuid        NOT NULL REFERENCES clinic,
    id            uuid        NOT NULL,
    name          text        NOT NULL,
    qualification text        NOT NULL,
    active        boolean     NOT NULL,
    changed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT once_at_each_clinic PRIMARY KEY (clinic_id, id)
);
