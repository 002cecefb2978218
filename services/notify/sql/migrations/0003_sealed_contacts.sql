-- Addresses are sealed by a key of each person's own, and nothing of them is left in clear.

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

-- `email` is what an earlier version wrote; each process seals what is left of it when it starts.
ALTER TABLE contact
    ALTER COLUMN email DROP NOT NULL,
    ADD COLUMN version integer NOT NULL DEFAULT 0,
    ADD COLUMN sealed_email bytea,
    ADD COLUMN email_index bytea,
    ADD COLUMN used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD CONSTRAINT sealed_or_plain CHECK ((email IS NULL) = (sealed_email IS NOT NULL)),
    ADD CONSTRAINT sealed_is_found CHECK ((sealed_email IS NULL) = (email_index IS NULL));
CREATE INDEX plain_contacts ON contact (person_id) WHERE email IS NOT NULL;
CREATE INDEX contacts_by_use ON contact (used_at);
CREATE INDEX contacts_by_address ON contact (email_index) WHERE email_index IS NOT NULL;

COMMENT ON COLUMN contact.sealed_email IS 'bound to this person, this column and this version of the row';
COMMENT ON COLUMN contact.email_index IS 'a keyed hash of the address: equal addresses are found, none is read';
COMMENT ON COLUMN contact.used_at IS 'last changed, or, as found when that was long ago, last written to';
