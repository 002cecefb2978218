-- Mass and irreversible acts, which two persons agree on. How a proposal stands is worked out from
-- what happened and what time it is, so no status is stored that could be out of date.

CREATE TABLE proposal (
    id             uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    kind           text        NOT NULL,
    act            bytea       NOT NULL,
    body_hash      bytea       NOT NULL,
    reason         text        NOT NULL,
    clinic_id      uuid,
    proposer_id    uuid        NOT NULL,
    undoable       boolean     NOT NULL,
    window_seconds integer     NOT NULL,
    life_seconds   integer     NOT NULL,
    revision       integer     NOT NULL,
    ids            uuid[]      NOT NULL,
    counts         json        NOT NULL,
    made_at        timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    approver_id    uuid,
    approved_at    timestamptz,
    runs_at        timestamptz,
    withdrawn_by   uuid,
    withdrawn_at   timestamptz,
    started_at     timestamptz,
    position       integer     NOT NULL DEFAULT 0,
    changed        integer     NOT NULL DEFAULT 0,
    refused        integer     NOT NULL DEFAULT 0,
    done_at        timestamptz,
    undo_until     timestamptz,
    undo_asked_by  uuid,
    undo_asked_at  timestamptz,
    put_back       integer     NOT NULL DEFAULT 0,
    undone_at      timestamptz,
    runner         uuid,
    lease_until    timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT approved_by_another CHECK (approver_id <> proposer_id),
    CONSTRAINT approval_is_whole CHECK (
        (approver_id IS NULL) = (approved_at IS NULL) AND (approved_at IS NULL) = (runs_at IS NULL)
    ),
    CONSTRAINT begins_only_approved CHECK (
        started_at IS NULL OR (runs_at IS NOT NULL AND started_at >= runs_at)
    ),
    CONSTRAINT what_may_not_be_undone_waits CHECK (
        undoable OR runs_at IS NULL OR runs_at >= approved_at + make_interval(secs => window_seconds)
    ),
    CONSTRAINT withdrawn_never_begins CHECK (withdrawn_at IS NULL OR started_at IS NULL),
    CONSTRAINT who_withdrew_is_known CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL)),
    CONSTRAINT done_was_begun CHECK (done_at IS NULL OR started_at IS NOT NULL),
    CONSTRAINT undone_within_its_window CHECK (
        undo_asked_at IS NULL
        OR (undoable AND undo_until IS NOT NULL AND undo_asked_at < undo_until)
    ),
    CONSTRAINT who_undid_is_known CHECK ((undo_asked_at IS NULL) = (undo_asked_by IS NULL)),
    CONSTRAINT undone_was_asked_for CHECK (undone_at IS NULL OR undo_asked_at IS NOT NULL),
    CONSTRAINT nothing_beyond_what_was_seen CHECK (position BETWEEN 0 AND cardinality(ids))
);
CREATE INDEX proposals_by_age ON proposal (made_at DESC, id DESC);
CREATE INDEX proposals_to_carry_on ON proposal (runs_at)
 WHERE withdrawn_at IS NULL AND runs_at IS NOT NULL
   AND (done_at IS NULL OR (undo_asked_at IS NOT NULL AND undone_at IS NULL));
COMMENT ON COLUMN proposal.ids IS 'what the act touches: all that was seen in the last dry run';
COMMENT ON COLUMN proposal.version IS 'the number of its last step';

-- What happened to each proposal, in order; never changed. Two who decide at once on the same version
-- both write the same number, so one of them fails, whatever else went wrong.
CREATE TABLE proposal_step (
    proposal_id uuid        NOT NULL REFERENCES proposal,
    nth         integer     NOT NULL,
    step        text        NOT NULL,
    person_id   uuid,
    digest      bytea       NOT NULL,
    at          timestamptz NOT NULL,
    CONSTRAINT one_step_at_a_time PRIMARY KEY (proposal_id, nth),
    CONSTRAINT known_step CHECK (
        step IN ('proposed', 'approved', 'withdrawn', 'changed', 'started', 'batch', 'done', 'undo',
                 'undone')
    ),
    CONSTRAINT a_person_s_step_has_a_person CHECK (
        (step IN ('proposed', 'approved', 'withdrawn', 'undo')) = (person_id IS NOT NULL)
    )
);
COMMENT ON COLUMN proposal_step.digest IS 'of the dry run that was in force then: what the person saw';
