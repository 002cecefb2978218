-- Of which kind a service is, and what must be free together with it. A service that is not here needs
-- nothing, so that what was imported goes on as it was.
CREATE TABLE service (
    name       text        PRIMARY KEY,
    kind       text        NOT NULL,
    needs      text[]      NOT NULL DEFAULT '{}',
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT known_kind CHECK (kind IN ('vaccination', 'clinic-visit', 'telemedicine', 'follow-up')),
    CONSTRAINT known_needs CHECK (needs <@ '{practitioner,room,interpreter}'::text[])
);

INSERT INTO service (name, kind, needs)
VALUES ('vaccination', 'vaccination', '{}'),
       ('clinic-visit', 'clinic-visit', '{}'),
       ('telemedicine-visit', 'telemedicine', '{practitioner}'),
       ('follow-up', 'follow-up', '{}');
