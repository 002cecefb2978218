-- What does the peer remember? A slot with its counter, and its bookings.
CREATE TABLE slot (
    id        uuid        PRIMARY KEY,
    starts_at timestamptz NOT NULL,
    open      boolean     NOT NULL DEFAULT true,
    capacity  integer     NOT NULL,
    booked    integer     NOT NULL DEFAULT 0,
    CONSTRAINT never_overbooked CHECK (booked BETWEEN 0 AND capacity)
) WITH (fillfactor = 50);

-- The id follows from the person and the key: the same wish asked twice is the same row. The claim
-- begins with the patient, so its index also finds a patient's bookings, and needs no second one.
CREATE TABLE booking (
    id          uuid        PRIMARY KEY,
    owner_id    uuid        NOT NULL,
    patient_id  uuid        NOT NULL,
    campaign_id uuid        NOT NULL,
    dose        smallint    NOT NULL,
    slot_id     uuid        NOT NULL,
    status      text        NOT NULL,
    version     bigint      NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_per_claim UNIQUE (patient_id, campaign_id, dose)
);
