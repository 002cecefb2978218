-- Who has an account in this cluster? Run at every start, harmless to repeat. schemas.sql says what is
-- whose. The passwords come as settings of this session: talon.<role>_password.
--
--   <service>_owner   makes and changes the service's tables, at its start, and does nothing else
--   <service>         the service at work: reads and writes, and makes no table
--   <service>_person  the service on behalf of one person: sees that person's rows, where rows are people's
--   auditor           reads what an audit needs, and no address of anybody

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY[
        'slots', 'booking', 'notify', 'slots_owner', 'booking_owner', 'notify_owner',
        'booking_person', 'notify_person', 'auditor'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
            ' NOINHERIT PASSWORD %L',
            role, current_setting('talon.' || role || '_password')
        );
    END LOOP;
END
$$;

ALTER ROLE auditor SET default_transaction_read_only = on;
