-- What does the peer remember? A slot's counter and its bookings, nothing else.
CREATE TABLE slot (
    id       uuid    PRIMARY KEY,
    capacity integer NOT NULL,
    booked   integer NOT NULL DEFAULT 0,
    CONSTRAINT never_overbooked CHECK (booked BETWEEN 0 AND capacity)
) WITH (fillfactor = 50);

-- The id follows from the patient and the key: the same wish asked twice is the same row.
CREATE TABLE booking (
    id          uuid        PRIMARY KEY,
    slot_id     uuid        NOT NULL,
    patient_id  uuid        NOT NULL,
    campaign_id uuid        NOT NULL,
    dose        smallint    NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_per_claim UNIQUE (campaign_id, patient_id, dose)
);
