-- What does the peer remember? A slot with its counter, its bookings, what it answered, what is to tell.
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

-- What was asked under a key, and what was answered: a booking as it was told, or why there is none.
CREATE TABLE idempotency (
    wish      uuid        NOT NULL,
    body_hash bytea       NOT NULL,
    status    smallint    NOT NULL,
    answer    bytea       NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_answer_per_wish PRIMARY KEY (wish)
);

-- What others are to hear, in the order in which it was written; nobody fetches it here.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid   NOT NULL,
    event      bytea  NOT NULL
);

-- For PostgreSQL's own rate: nothing can be kept that is smaller.
CREATE TABLE grain (
    n integer NOT NULL
);
