-- What is known of a person, sealed by a key of their own; and what became of persons.

-- Wrapped by a master key that no database holds. The row stays when the key is destroyed: the next
-- key of the person is another generation, under which nothing older opens.
CREATE TABLE person_key (
    person_id    uuid        PRIMARY KEY,
    generation   integer     NOT NULL,
    master_id    text,
    wrapped      bytea,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    CONSTRAINT generations_count_from_one CHECK (generation >= 1),
    CONSTRAINT destroyed_or_wrapped CHECK (
        (wrapped IS NULL) = (destroyed_at IS NOT NULL) AND (wrapped IS NULL) = (master_id IS NULL)
    )
);

-- Each field is sealed by itself, bound to the person, its column and the version of the row.
CREATE TABLE profile (
    person_id         uuid        PRIMARY KEY,
    version           integer     NOT NULL,
    sealed_name       bytea,
    sealed_birth_date bytea,
    sealed_phone      bytea,
    sealed_email      bytea,
    sealed_notes      bytea,
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT versions_count_from_one CHECK (version >= 1),
    CONSTRAINT profile_has_a_key FOREIGN KEY (person_id) REFERENCES person_key (person_id)
);
CREATE INDEX profiles_by_use ON profile (used_at);
COMMENT ON COLUMN profile.used_at IS 'last changed, or, as found when that was long ago, last booked for';

-- Keyed hashes by which a person is found. A birth date has none of its own: there are so few of
-- them that whoever counts equal ones knows them.
CREATE TABLE found_by (
    person_id uuid  NOT NULL,
    kind      text  NOT NULL,
    value     bytea NOT NULL,
    CONSTRAINT one_value_of_a_kind PRIMARY KEY (person_id, kind),
    CONSTRAINT found_while_known FOREIGN KEY (person_id) REFERENCES profile (person_id)
        ON DELETE CASCADE,
    CONSTRAINT known_kind CHECK (
        kind IN ('phone', 'email', 'phone and birth date', 'email and birth date')
    ),
    CONSTRAINT nothing_but_a_hash CHECK (length(value) = 32)
);
CREATE INDEX people_by_value ON found_by (kind, value);

-- What a person agreed to, in which version of the words, from when until when. Nothing is changed
-- but its end: it says what was agreed to at any time.
CREATE TABLE consent (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    uuid        NOT NULL,
    kind         text        NOT NULL,
    version      integer     NOT NULL,
    given_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz,
    CONSTRAINT known_kind CHECK (kind IN ('data_processing', 'reminders', 'research')),
    CONSTRAINT withdrawn_after_given CHECK (withdrawn_at >= given_at)
);
CREATE UNIQUE INDEX one_standing_consent_of_a_kind ON consent (person_id, kind)
    WHERE withdrawn_at IS NULL;
CREATE INDEX consents_of_person ON consent (person_id, given_at, id);
CREATE INDEX consents_by_end ON consent (withdrawn_at) WHERE withdrawn_at IS NOT NULL;

-- Two ids were one person: the first leads to the second, everywhere and at once. No row of a booking
-- is rewritten, so nothing is lost, and what was whose stays to be seen.
CREATE TABLE merged_person (
    id        uuid        PRIMARY KEY,
    into_id   uuid        NOT NULL,
    wish_id   uuid        NOT NULL,
    body_hash bytea       NOT NULL,
    by_id     uuid        NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT nobody_merges_into_themselves CHECK (id <> into_id),
    CONSTRAINT one_wish_merges_once UNIQUE (wish_id)
);
CREATE INDEX merged_into ON merged_person (into_id);

-- One wish to be erased, and whom it concerned. Each of them is told of in booking.events, in the
-- order of their home, by whoever follows that partition.
CREATE TABLE erasure (
    id        uuid        PRIMARY KEY,
    body_hash bytea,
    why       text        NOT NULL,
    erased_at timestamptz NOT NULL,
    CONSTRAINT known_reason CHECK (why IN ('asked', 'unused'))
);
CREATE TABLE erased_person (
    erasure_id uuid        NOT NULL,
    person_id  uuid        NOT NULL,
    home       integer     NOT NULL,
    erased_at  timestamptz NOT NULL,
    told_at    timestamptz,
    CONSTRAINT erased_once_by_a_wish PRIMARY KEY (erasure_id, person_id),
    CONSTRAINT erased_by_a_wish FOREIGN KEY (erasure_id) REFERENCES erasure (id)
);
CREATE INDEX erased_and_untold ON erased_person (home, erased_at) WHERE told_at IS NULL;
CREATE INDEX erasures_of_person ON erased_person (person_id);
