-- How long before a visit of this service people are reminded of it; null: as of any other.
ALTER TABLE service
    ADD COLUMN reminders text[],
    ADD CONSTRAINT reminded_a_few_times CHECK (cardinality(reminders) <= 5);
