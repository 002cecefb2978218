-- Who may do what with which table? Run by the owner after its migrations, when they or this file are new.
-- What is not said here may not be done. docs/least-privilege.md has it as a table, which a test compares.

DO $$
BEGIN
    EXECUTE format(
        'REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM slots, auditor', current_schema()
    );
END
$$;

GRANT SELECT, INSERT, UPDATE ON clinic, slot, schedule TO slots;
GRANT SELECT, INSERT, DELETE ON place, batch TO slots;
GRANT SELECT, INSERT ON closure TO slots;
-- An answer is for ever; what was refused is forgotten after a week.
GRANT SELECT, INSERT, DELETE ON answer TO slots;
GRANT SELECT ON clinic, slot, schedule, place, batch, closure, answer TO auditor;

-- What every service has to follow a topic and to announce what it kept.
GRANT SELECT, INSERT, UPDATE ON partition_state TO slots;
GRANT SELECT, INSERT, UPDATE, DELETE ON follower TO slots;
GRANT SELECT, INSERT, DELETE ON outbox TO slots;
GRANT SELECT ON partition_state, outbox TO auditor;
