-- A slot may say which product and which dose it is for. Both are told on, not judged.
ALTER TABLE slot
    ADD COLUMN product text     NOT NULL DEFAULT '',
    ADD COLUMN dose    smallint,
    ADD CONSTRAINT one_to_four_doses CHECK (dose BETWEEN 1 AND 4);
