-- A second wall, should a statement or a check before it be wrong: see booking's migration of the same
-- name. Messages and kept events are told to many people at once, so the service at work has them, and
-- nobody on behalf of one person; an address is shown to the person whose it is.
ALTER TABLE contact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE person_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE message ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE live_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY the_service_at_work ON contact TO notify USING (true) WITH CHECK (true);
CREATE POLICY the_service_at_work ON person_key TO notify USING (true) WITH CHECK (true);
CREATE POLICY the_service_at_work ON message TO notify USING (true) WITH CHECK (true);
CREATE POLICY the_service_at_work ON live_event TO notify USING (true) WITH CHECK (true);

CREATE POLICY the_audit ON message FOR SELECT TO auditor USING (true);
CREATE POLICY the_audit ON live_event FOR SELECT TO auditor USING (true);

CREATE POLICY one_s_own ON contact FOR SELECT TO notify_person
    USING (person_id = nullif(current_setting('talon.person', true), '')::uuid);
CREATE POLICY one_s_own ON person_key FOR SELECT TO notify_person
    USING (person_id = nullif(current_setting('talon.person', true), '')::uuid);
