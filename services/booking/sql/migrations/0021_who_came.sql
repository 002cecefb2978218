-- Who came to a clinic, too, and whose visit is done. Such a row is there from when staff say the first thing of
-- it, and nothing happens to it by itself.
ALTER TABLE visit
    ADD COLUMN modality text NOT NULL DEFAULT 'virtual',
    DROP CONSTRAINT admitted_before_ended,
    DROP CONSTRAINT what_is_over_is_not_due,
    ADD CONSTRAINT known_modality CHECK (modality IN ('physical', 'virtual')),
    ADD CONSTRAINT admitted_before_ended CHECK (
        modality = 'physical'
        OR (status IN ('admitted', 'ended')) = (admitted_at IS NOT NULL)
        AND (status = 'ended') = (ended_at IS NOT NULL)
    ),
    ADD CONSTRAINT what_is_over_is_not_due CHECK (
        CASE modality WHEN 'physical' THEN due_at IS NULL
                      ELSE (status IN ('ended', 'noshow', 'cancelled')) = (due_at IS NULL) END
    ),
    ADD CONSTRAINT nobody_both_came_and_was_missed CHECK (
        modality = 'virtual'
        OR status IN ('booked', 'arrived', 'ended', 'noshow')
        AND (status IN ('arrived', 'ended')) = (arrived_at IS NOT NULL)
        AND (status = 'ended') = (ended_at IS NOT NULL)
        AND admitted_at IS NULL
    ),
    ADD CONSTRAINT nobody_comes_a_day_before CHECK (
        modality = 'virtual' OR arrived_at >= starts_at - interval '1 day'
    );

ALTER TABLE visit_step
    DROP CONSTRAINT known_step,
    ADD CONSTRAINT known_step CHECK (step IN (
        'arrive', 'wait', 'drop', 'rejoin', 'admit', 'phone', 'end', 'noshow', 'cancel',
        'not_arrived', 'fulfil', 'not_fulfilled', 'miss', 'not_missed'
    ));
