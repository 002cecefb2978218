-- Who may connect to the database, and what belongs to whom? Run at every start, harmless to repeat.
-- The passwords come as settings of this session: talon.<role>_password.

-- Nobody is let in, or given a table, merely for having an account.
REVOKE ALL ON DATABASE talon FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['slots', 'booking', 'notify', 'auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %L',
            role, current_setting('talon.' || role || '_password')
        );
        EXECUTE format('GRANT CONNECT ON DATABASE talon TO %I', role);
    END LOOP;
END
$$;

-- A service owns one schema, named after it, and cannot see into another's.
DO $$
DECLARE
    service text;
BEGIN
    FOREACH service IN ARRAY ARRAY['slots', 'booking', 'notify'] LOOP
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service, service);
        EXECUTE format('ALTER ROLE %I SET search_path = %I', service, service);
        -- The auditor reads all that is there and all that will be.
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO auditor', service);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO auditor', service);
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO auditor',
            service, service
        );
    END LOOP;
END
$$;

ALTER ROLE auditor SET default_transaction_read_only = on;
