-- Whose a reminder is comes first in its key: so whoever erases a person finds their reminders by it, and the
-- index by person alone, which nobody else asked and every booking paid for (3.6 us of PostgreSQL), may go.
ALTER TABLE reminder
    DROP CONSTRAINT one_plan_of_a_visit,
    ADD CONSTRAINT one_plan_of_a_visit PRIMARY KEY (owner_id, booking_id, clinic_id, starts_at);
DROP INDEX reminders_of_a_person;
