-- What a batch writes travels as one array of rows for each table, not as one of each column: fewer values to
-- look at on the way, and one set to read them from. Types of their own, since a table may get another
-- column while a referee of the version before is at work. None is changed later: another form is another type.
CREATE TYPE seat AS (
    id         uuid,
    slot_id    uuid,
    booking_id uuid,
    home       integer,
    ordinal    smallint,
    size       smallint,
    version    bigint,
    state      text,
    expires_at timestamptz,
    claim      bytea,
    owner_id   uuid,
    hand       smallint
);

CREATE TYPE slot_count AS (
    id             uuid,
    capacity       integer,
    held           integer,
    booked         integer,
    open           boolean,
    version        bigint,
    extra          integer,
    version_before bigint
);

CREATE TYPE given_answer AS (
    id        uuid,
    body_hash bytea,
    outcome   text,
    reply     bytea
);
