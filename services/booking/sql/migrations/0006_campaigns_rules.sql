-- Whom a campaign admits, in versions, and what must be known of a person for that.

-- No finer than rules ask: the month of birth and codes. In clear, since a rule book is tried on all
-- persons at once before it is published; so it is behind the wall, and goes when the person goes.
CREATE TABLE person_fact (
    person_id   uuid        PRIMARY KEY,
    born_month  date,
    district    text,
    profession  text,
    risk_groups text[],
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT no_more_than_the_month_of_birth CHECK (extract(day FROM born_month) = 1)
);

-- One version of a campaign's rules; a row is never changed (nobody is granted that).
CREATE TABLE rule_book (
    id          uuid        PRIMARY KEY,
    campaign_id uuid        NOT NULL,
    number      integer     NOT NULL,
    phases      json        NOT NULL,
    body_hash   bytea       NOT NULL,
    made_by     uuid        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT books_are_of_a_campaign FOREIGN KEY (campaign_id) REFERENCES campaign (id),
    CONSTRAINT one_book_of_a_number UNIQUE (campaign_id, number)
);

-- Which book came into force for whom, in order; the last row of a campaign is what is in force. A step
-- back is a row of its own. Without a book everybody is admitted.
CREATE TABLE publication (
    campaign_id uuid        NOT NULL,
    number      integer     NOT NULL,
    book_id     uuid,
    before_id   uuid,
    percent     smallint    NOT NULL,
    clinics     uuid[]      NOT NULL,
    districts   text[]      NOT NULL,
    reverts     boolean     NOT NULL,
    cause_id    uuid        NOT NULL,
    by_id       uuid,
    reason      text,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_publication_at_a_time PRIMARY KEY (campaign_id, number),
    CONSTRAINT one_cause_publishes_once UNIQUE (cause_id, reverts),
    CONSTRAINT published_books_are_there FOREIGN KEY (book_id) REFERENCES rule_book (id),
    CONSTRAINT replaced_books_are_there FOREIGN KEY (before_id) REFERENCES rule_book (id),
    CONSTRAINT only_a_step_back_has_no_book CHECK (book_id IS NOT NULL OR reverts),
    CONSTRAINT a_step_back_is_for_all CHECK (NOT reverts OR percent = 100),
    CONSTRAINT a_share_is_a_percentage CHECK (percent BETWEEN 0 AND 100)
);
COMMENT ON COLUMN publication.cause_id IS 'the proposal that it carries out or takes back, or the request for a step back';

-- By which book and phase somebody was admitted, written before the referee is asked: what was checked
-- is what is in force, by this server's clock. No foreign key to publication: a rush would lock one row.
CREATE TABLE permit (
    wish_id     uuid        NOT NULL,
    patient_id  uuid        NOT NULL,
    dose        smallint    NOT NULL,
    booking_id  uuid        NOT NULL,
    campaign_id uuid        NOT NULL,
    publication integer     NOT NULL,
    book_id     uuid        NOT NULL,
    phase       text        NOT NULL,
    opens_at    timestamptz NOT NULL,
    closes_at   timestamptz,
    at          timestamptz NOT NULL,
    CONSTRAINT one_permit_for_a_wish PRIMARY KEY (wish_id, patient_id, dose),
    CONSTRAINT permitted_while_its_phase_is_open CHECK (
        at >= opens_at AND (closes_at IS NULL OR at < closes_at)
    )
);
CREATE INDEX permits_of_patient ON permit (patient_id, at);

ALTER TABLE person_fact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE permit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY the_service_at_work ON person_fact TO booking USING (true) WITH CHECK (true);
CREATE POLICY the_service_at_work ON permit TO booking USING (true) WITH CHECK (true);
-- Of a dependant as well: behind its own wall patient shows only those.
CREATE POLICY one_s_own ON person_fact FOR SELECT TO booking_person
    USING (person_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR person_id IN (SELECT id FROM patient));
CREATE POLICY one_s_own ON permit FOR SELECT TO booking_person
    USING (patient_id = ANY (nullif(current_setting('talon.person', true), '')::uuid[])
           OR patient_id IN (SELECT id FROM patient));
