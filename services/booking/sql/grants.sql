-- Who may do what with which table? Run by the owner after its migrations, when they or this file are new.
-- What is not said here may not be done. docs/least-privilege.md has it as a table, which a test compares.

DO $$
BEGIN
    EXECUTE format(
        'REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM booking, auditor, booking_person', current_schema()
    );
END
$$;

GRANT SELECT, INSERT, UPDATE ON booking, slot TO booking;
-- UPDATE, since a guardian's row is locked while dependants are counted.
GRANT SELECT, INSERT, UPDATE ON patient TO booking;
GRANT SELECT, INSERT ON campaign TO booking;
GRANT SELECT, INSERT, UPDATE ON service TO booking;
GRANT SELECT ON service TO auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON attachment, referral TO booking;
GRANT SELECT ON attachment, referral TO booking_person;
GRANT SELECT, INSERT, UPDATE, DELETE ON pending_command TO booking;
GRANT SELECT, INSERT, UPDATE ON person_key, merged_person, erased_person TO booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON profile, consent, relation TO booking;
GRANT SELECT, INSERT, DELETE ON found_by, erasure TO booking;
GRANT SELECT, INSERT ON link_use, coming TO booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON person_fact, permit, visit_seat TO booking;
-- What was told of a room stays: no right to change it.
GRANT SELECT, INSERT ON waiting_room TO booking;
GRANT SELECT, INSERT, UPDATE ON line, staff_door TO booking;
GRANT SELECT, INSERT, DELETE ON staff_turn TO booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON waiter TO booking;
GRANT SELECT, INSERT, UPDATE ON desk_pressure TO booking;
GRANT SELECT, INSERT ON rule_book, publication TO booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON dry_run TO booking;
GRANT SELECT, INSERT, UPDATE ON proposal TO booking;
GRANT SELECT, INSERT ON proposal_step TO booking;
GRANT SELECT, INSERT, UPDATE ON announcement, announcement_step TO booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON announced_person TO booking;
GRANT SELECT, INSERT, UPDATE ON visit, visit_step TO booking;
GRANT SELECT ON visit, visit_step TO auditor;
GRANT SELECT ON visit TO booking_person;
-- Only of the one person: see the wall in the migrations.
GRANT SELECT ON booking, patient, profile, person_key, consent, relation, person_fact, permit, waiter
    TO booking_person;
GRANT SELECT ON booking, slot, campaign, pending_command, rule_book, publication, dry_run,
                proposal, proposal_step TO auditor;

-- Who looked at whose data: added to, and never changed.
GRANT SELECT, INSERT ON access_chain, access_log TO booking;
GRANT SELECT ON access_chain, access_log TO auditor;

-- What every service has to follow a topic and to announce what it kept.
GRANT SELECT, INSERT, UPDATE ON partition_state TO booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON follower TO booking;
GRANT SELECT, INSERT, DELETE ON outbox TO booking;
GRANT SELECT ON partition_state, outbox TO auditor;
