-- What belongs to whom in this database? Run at every start, after roles.sql, harmless to repeat.

-- Nobody is let in, or given a table, merely for having an account.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $$
DECLARE
    role text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    FOREACH role IN ARRAY ARRAY[
        'slots', 'booking', 'notify', 'slots_owner', 'booking_owner', 'notify_owner',
        'booking_person', 'notify_person', 'auditor'
    ] LOOP
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
    END LOOP;
END
$$;

-- A service has one schema, named after it, and cannot see into another's. Its owner alone makes
-- tables there; what the others may do with them is in services/<service>/sql/grants.sql.
DO $$
DECLARE
    service text;
    role text;
BEGIN
    FOREACH service IN ARRAY ARRAY['slots', 'booking', 'notify'] LOOP
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service, service || '_owner');
        IF (SELECT nspowner = service::regrole FROM pg_namespace WHERE nspname = service) THEN
            -- Made when a service owned its tables itself. Processes of that version go on with them
            -- until the next one, as it starts, says what may be done with each.
            EXECUTE format('ALTER SCHEMA %I OWNER TO %I', service, service || '_owner');
            EXECUTE format('REASSIGN OWNED BY %I TO %I', service, service || '_owner');
            EXECUTE format(
                'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I REVOKE ALL ON TABLES FROM auditor',
                service, service
            );
            EXECUTE format(
                'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', service, service
            );
        END IF;
        FOR role IN SELECT rolname FROM pg_roles
                     WHERE rolname IN (service, service || '_owner', service || '_person') LOOP
            EXECUTE format('ALTER ROLE %I SET search_path = %I', role, service);
        END LOOP;
        FOR role IN SELECT rolname FROM pg_roles
                     WHERE rolname IN (service, service || '_person', 'auditor') LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', service, role);
        END LOOP;
    END LOOP;
END
$$;
