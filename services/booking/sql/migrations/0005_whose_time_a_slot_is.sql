-- What else the front desk is told of a slot: whose time it is, how one is seen there, which paper of
-- the person it asks for.
ALTER TABLE slot
    ADD COLUMN modality        text NOT NULL DEFAULT 'physical',
    ADD COLUMN practitioner_id uuid,
    ADD COLUMN resource        text NOT NULL DEFAULT 'service',
    ADD COLUMN asks_for        text NOT NULL DEFAULT 'nothing',
    ADD CONSTRAINT known_paper CHECK (asks_for IN ('nothing', 'referral', 'attachment'));
