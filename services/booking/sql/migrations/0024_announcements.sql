-- What many people are told at once, after two persons agreed on it; and how far that is.

CREATE TABLE announcement (
    id          uuid        PRIMARY KEY,
    body_hash   bytea       NOT NULL,
    audience    json        NOT NULL,
    words       json        NOT NULL,
    expires_at  timestamptz NOT NULL,
    made_by     uuid        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    proposal_id uuid        REFERENCES proposal,
    people      integer,
    begun_at    timestamptz,
    released    integer     NOT NULL DEFAULT 0,
    released_at timestamptz,
    stopped_at  timestamptz,
    stopped_by  uuid,
    CONSTRAINT begun_was_agreed_on CHECK (
        (begun_at IS NULL) = (proposal_id IS NULL) AND (begun_at IS NULL) = (people IS NULL)
    ),
    CONSTRAINT no_more_than_were_found CHECK (released BETWEEN 0 AND coalesce(people, 0)),
    CONSTRAINT stopped_by_somebody CHECK ((stopped_at IS NULL) = (stopped_by IS NULL))
);
CREATE INDEX announcements_by_age ON announcement (made_at DESC, id DESC);
CREATE INDEX announcements_under_way ON announcement (begun_at)
    WHERE begun_at IS NOT NULL AND stopped_at IS NULL AND released < people;

-- Whom it is for, as they were found when it began: each once.
CREATE TABLE announced_person (
    announcement_id uuid        NOT NULL REFERENCES announcement ON DELETE CASCADE,
    person_id       uuid        NOT NULL,
    home            integer     NOT NULL,
    released_at     timestamptz,
    told_at         timestamptz,
    CONSTRAINT announced_to_a_person_once PRIMARY KEY (announcement_id, person_id),
    CONSTRAINT released_before_told CHECK (told_at IS NULL OR released_at IS NOT NULL)
);
CREATE INDEX announced_and_unreleased ON announced_person (announcement_id) WHERE released_at IS NULL;
CREATE INDEX announced_and_untold ON announced_person (home, released_at)
    WHERE released_at IS NOT NULL AND told_at IS NULL;
CREATE INDEX announced_to_person ON announced_person (person_id);

ALTER TABLE announced_person ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON announced_person TO booking USING (true) WITH CHECK (true);

-- What is said at each home of the announcement itself: its words before anybody is told there, and
-- that it is over when somebody stopped it.
CREATE TABLE announcement_step (
    announcement_id uuid        NOT NULL REFERENCES announcement ON DELETE CASCADE,
    step            text        NOT NULL,
    home            integer     NOT NULL,
    at              timestamptz NOT NULL,
    told_at         timestamptz,
    CONSTRAINT one_step_of_a_kind PRIMARY KEY (announcement_id, step, home),
    CONSTRAINT known_step CHECK (step IN ('worded', 'stopped'))
);
CREATE INDEX announcement_steps_untold ON announcement_step (home, at) WHERE told_at IS NULL;

COMMENT ON COLUMN announcement.released IS 'how many of those it is for may be told by now';
