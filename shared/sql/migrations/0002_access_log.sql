-- Who looked at or changed whose data, as a chain of batches to which is only ever added.

-- Every process that notes accesses opens a chain of its own, so that none waits for another. The
-- register of chains is a chain itself: `hash` is over the row before it and all that is in this one.
CREATE TABLE access_chain (
    number    bigint      NOT NULL,
    id        uuid        NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text        NOT NULL,
    previous  bytea       NOT NULL,
    hash      bytea       NOT NULL,
    CONSTRAINT one_chain_per_number PRIMARY KEY (number),
    CONSTRAINT chain_opened_once UNIQUE (id),
    CONSTRAINT one_register_of_chains UNIQUE (previous),
    CONSTRAINT chains_count_from_one CHECK (number > 0),
    CONSTRAINT register_hashes_are_whole CHECK (octet_length(previous) = 32 AND octet_length(hash) = 32)
);

-- One row is a batch of accesses in the order in which they were noted. The first of a chain follows
-- the chain's row in the register; one without accesses closes it.
CREATE TABLE access_log (
    chain    uuid        NOT NULL,
    seq      bigint      NOT NULL,
    at       timestamptz NOT NULL,
    persons  uuid[]      NOT NULL,
    entries  json        NOT NULL,
    previous bytea       NOT NULL,
    hash     bytea       NOT NULL,
    CONSTRAINT one_batch_per_number PRIMARY KEY (chain, seq),
    CONSTRAINT batches_count_from_one CHECK (seq > 0),
    CONSTRAINT hashes_are_whole CHECK (octet_length(previous) = 32 AND octet_length(hash) = 32)
);
-- Batches are added a hundred persons at a time: sorted in together, later, they cost a fraction.
CREATE INDEX accesses_of_person ON access_log USING gin (persons) WITH (gin_pending_list_limit = 1024);
CREATE INDEX accesses_by_time ON access_log (at, chain, seq);

COMMENT ON COLUMN access_log.persons IS 'whose data, of all entries; to find them by';
COMMENT ON COLUMN access_log.entries IS
    '[at, actor, role, persons, operation, what, about, reason, fields] each; json, since jsonb would not keep the bytes that were hashed';

-- Whoever wants to change the log has to be the superuser, and then the hashes tell.
CREATE FUNCTION access_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'to % there is only ever added', TG_TABLE_NAME
              USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON access_chain
    FOR EACH STATEMENT EXECUTE FUNCTION access_log_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION access_log_stays();
REVOKE UPDATE, DELETE, TRUNCATE ON access_chain, access_log FROM PUBLIC, CURRENT_USER;

-- A batch follows the one before it. No foreign keys: they would lock the rows they refer to, which
-- takes the right to update them.
CREATE FUNCTION access_log_follows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    before bytea;
BEGIN
    IF NEW.seq = 1 THEN
        SELECT c.hash INTO before FROM access_chain AS c WHERE c.id = NEW.chain;
    ELSE
        SELECT l.hash INTO before FROM access_log AS l WHERE l.chain = NEW.chain AND l.seq = NEW.seq - 1;
    END IF;
    IF before IS DISTINCT FROM NEW.previous THEN
        RAISE EXCEPTION 'batch % of chain % does not follow the one before it', NEW.seq, NEW.chain
              USING ERRCODE = 'check_violation', CONSTRAINT = 'each_follows_the_one_before';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER follows BEFORE INSERT ON access_log
    FOR EACH ROW EXECUTE FUNCTION access_log_follows();
