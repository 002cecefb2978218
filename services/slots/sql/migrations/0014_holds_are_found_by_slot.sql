-- Holds that ran out are looked for by slot while a batch is decided, and by home by the sweep alone. Planned
-- while nobody held anything, the first took either index for as good, and then read all of this one. It is now
-- only for who says whose home it is, which the first does not; no row has none.
DROP INDEX holds_of_a_home;
CREATE INDEX holds_of_a_home ON place (home, expires_at) WHERE state <> 'booked' AND home IS NOT NULL;
