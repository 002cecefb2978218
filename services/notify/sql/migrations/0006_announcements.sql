-- What is announced to many, as the front desk has worded it; and whether somebody stopped it.
CREATE TABLE announcement (
    id         uuid        PRIMARY KEY,
    words      json        NOT NULL,
    expires_at timestamptz NOT NULL,
    stopped_at timestamptz
);

COMMENT ON COLUMN message.booking_id IS 'what it is about: a booking, or an announcement';
