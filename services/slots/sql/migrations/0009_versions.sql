-- A schedule may have versions, each from a date on; it may be of a practitioner, or of any other kind
-- that a slot may be of.

-- `plan` is what a version changes of what was there; `planned_at`, when all of that was asked for.
ALTER TABLE schedule
    ADD COLUMN modality         text        NOT NULL DEFAULT 'physical',
    ADD COLUMN practitioner_id  uuid,
    ADD COLUMN resource         text        NOT NULL DEFAULT 'service',
    ADD COLUMN asks_for         text        NOT NULL DEFAULT 'nothing',
    ADD COLUMN series_id        uuid,
    ADD COLUMN version          integer     NOT NULL DEFAULT 1,
    ADD COLUMN replaced_from    date,
    ADD COLUMN plan             jsonb,
    ADD COLUMN planned_at       timestamptz,
    ADD CONSTRAINT the_time_of_one CHECK (practitioner_id IS NULL OR resource = 'service'),
    ADD CONSTRAINT the_first_is_of_its_own_series CHECK (
        (version = 1) = (series_id IS NULL OR series_id = id)
    ),
    ADD CONSTRAINT only_versions_have_a_plan CHECK ((plan IS NOT NULL) = (version > 1));

-- Two who replace the same version at once: one of them does.
CREATE UNIQUE INDEX one_next_version ON schedule (series_id, version);
