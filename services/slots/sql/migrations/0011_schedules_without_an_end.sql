-- A schedule may have no end (`valid_to` is infinity): its days are opened ahead by themselves.

-- `meant_until` is up to which day it is settled what it means, holidays included; `opened_until`, up to
-- which day its slots were asked for. From `look_at` on somebody looks whether days are to be opened;
-- who does so moves it to the end of their lease. It is null where nobody has to look any more.
ALTER TABLE schedule
    ADD COLUMN meant_until  date,
    ADD COLUMN opened_until date,
    ADD COLUMN look_at      timestamptz,
    ADD CONSTRAINT only_what_has_no_end_is_opened_ahead CHECK (
        (valid_to = 'infinity') = (meant_until IS NOT NULL)
        AND (meant_until IS NULL) = (opened_until IS NULL)
        AND (look_at IS NULL OR meant_until IS NOT NULL)
    ),
    ADD CONSTRAINT never_opened_beyond_what_is_meant CHECK (opened_until <= meant_until);

CREATE INDEX schedules_to_look_at ON schedule (look_at) WHERE look_at IS NOT NULL;
