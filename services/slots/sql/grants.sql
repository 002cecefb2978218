-- Who may do what with which table? Run by the owner after its migrations, when they or this file are new.
-- What is not said here may not be done. docs/least-privilege.md has it as a table, which a test compares.

DO $$
BEGIN
    EXECUTE format(
        'REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM slots, auditor', current_schema()
    );
END
$$;

GRANT SELECT, INSERT, UPDATE ON clinic, slot, schedule, holiday TO slots;
GRANT SELECT, INSERT, DELETE ON place, batch TO slots;
GRANT SELECT, INSERT, UPDATE, DELETE ON place_dose TO slots;
GRANT SELECT ON place_dose TO auditor;
GRANT SELECT, INSERT ON closure, overbooking TO slots;
GRANT SELECT, INSERT, UPDATE ON practitioner TO slots;
GRANT SELECT ON practitioner TO auditor;
-- An answer is for ever; what was refused is forgotten after a week.
GRANT SELECT, INSERT, DELETE ON answer TO slots;
GRANT SELECT ON clinic, slot, schedule, holiday, place, batch, closure, overbooking, answer TO auditor;

-- What two persons agreed on, and each step of it.
GRANT SELECT, INSERT, UPDATE ON proposal TO slots;
GRANT SELECT, INSERT ON proposal_step TO slots;
GRANT SELECT ON proposal, proposal_step TO auditor;

-- Who looked at whose data: added to, and never changed. The referee knows nobody, so it is empty.
GRANT SELECT, INSERT ON access_chain, access_log TO slots;
GRANT SELECT ON access_chain, access_log TO auditor;

-- What every service has to follow a topic and to announce what it kept.
GRANT SELECT, INSERT, UPDATE ON partition_state TO slots;
GRANT SELECT, INSERT, UPDATE, DELETE ON follower TO slots;
GRANT SELECT, INSERT, DELETE ON outbox TO slots;
GRANT SELECT ON partition_state, outbox TO auditor;
