-- Who may do what with which table? Run by the owner after its migrations, when they or this file are new.
-- What is not said here may not be done. docs/least-privilege.md has it as a table, which a test compares.

DO $$
BEGIN
    EXECUTE format(
        'REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM notify, auditor, notify_person', current_schema()
    );
END
$$;

GRANT SELECT, INSERT, UPDATE ON announcement TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON announcement_spending TO notify;
GRANT SELECT, INSERT, UPDATE ON message TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON reminder TO notify;
GRANT SELECT, INSERT, DELETE ON live_event TO notify;
GRANT SELECT, INSERT, UPDATE ON live_forgotten TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON contact, address TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON receipt TO notify;
GRANT SELECT, INSERT, UPDATE ON person_key TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON sms_sent, sms_part, sms_traffic TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON sms_asked, sms_reply TO notify;
-- Only of the one person: see the wall in the migrations.
GRANT SELECT ON contact, address, person_key, message TO notify_person;
GRANT SELECT ON message, live_event, live_forgotten TO auditor;

-- Who looked at whose data: added to, and never changed.
GRANT SELECT, INSERT ON access_chain, access_log TO notify;
GRANT SELECT ON access_chain, access_log TO auditor;

-- What every service has to follow a topic and to announce what it kept.
GRANT SELECT, INSERT, UPDATE ON partition_state TO notify;
GRANT SELECT, INSERT, UPDATE, DELETE ON follower TO notify;
GRANT SELECT, INSERT, DELETE ON outbox TO notify;
GRANT SELECT ON partition_state, outbox TO auditor;
