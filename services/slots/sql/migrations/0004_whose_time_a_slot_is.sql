-- A slot may be a practitioner's time, or a room's, or an interpreter's; may be seen from afar; and may
-- ask for a paper of the person. All of it is told on, and judged by the front desk.
ALTER TABLE slot
    ADD COLUMN modality        text NOT NULL DEFAULT 'physical',
    ADD COLUMN practitioner_id uuid,
    ADD COLUMN resource        text NOT NULL DEFAULT 'service',
    ADD COLUMN asks_for        text NOT NULL DEFAULT 'nothing',
    ADD CONSTRAINT here_or_from_afar CHECK (modality IN ('physical', 'virtual')),
    ADD CONSTRAINT known_resource CHECK (resource IN ('service', 'room', 'interpreter')),
    ADD CONSTRAINT the_time_of_one CHECK (practitioner_id IS NULL OR resource = 'service'),
    ADD CONSTRAINT known_paper CHECK (asks_for IN ('nothing', 'referral', 'attachment'));
