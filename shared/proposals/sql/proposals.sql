-- name: proposal_now
-- Times of a proposal are PostgreSQL's.
SELECT clock_timestamp();

-- name: add_proposal
-- Nothing comes back where the same request, asked twice at once, was remembered meanwhile.
WITH added AS (
    INSERT INTO proposal (id, version, kind, act, body_hash, reason, clinic_id, proposer_id, undoable,
                          window_seconds, life_seconds, revision, ids, counts, made_at, expires_at)
    VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13, $14)
        ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO proposal_step (proposal_id, nth, step, person_id, digest, at)
SELECT id, 1, 'proposed', $7, $15, $13 FROM added
RETURNING proposal_id;

-- name: find_proposal
-- One, and what time it is for it.
SELECT clock_timestamp() AS now, * FROM proposal WHERE id = $1;

-- name: lock_proposal
-- One decision about a proposal at a time; what is decided on is read by a statement of its own,
-- since one that waited still sees the past.
SELECT id FROM proposal WHERE id = $1 FOR UPDATE;

-- name: save_proposal
-- What was decided, and the step by which it came to that.
WITH saved AS (
    UPDATE proposal
       SET version = $2, revision = $3, ids = $4, counts = $5, expires_at = $6, approver_id = $7,
           approved_at = $8, runs_at = $9, withdrawn_by = $10, withdrawn_at = $11, started_at = $12,
           position = $13, changed = $14, refused = $15, done_at = $16, undo_until = $17,
           undo_asked_by = $18, undo_asked_at = $19, put_back = $20, undone_at = $21
     WHERE id = $1
    RETURNING id
)
INSERT INTO proposal_step (proposal_id, nth, step, person_id, digest, at)
SELECT id, $2, $22, $23, $24, $25 FROM saved;

-- name: list_proposals
-- Newest first; $1 are the clinics of who asks, or nothing for all. Without the ids, which may be
-- 160 kB for each: who approves looks at the one.
SELECT clock_timestamp() AS now, id, version, kind, act, body_hash, reason, clinic_id, proposer_id,
       undoable, window_seconds, life_seconds, revision, '{}'::uuid[] AS ids, counts, made_at,
       expires_at, approver_id, approved_at, runs_at, withdrawn_by, withdrawn_at, started_at,
       position, changed, refused, done_at, undo_until, undo_asked_by, undo_asked_at, put_back,
       undone_at
  FROM proposal
 WHERE ($1::uuid[] IS NULL OR clinic_id = ANY ($1))
   AND ($2::timestamptz IS NULL OR (made_at, id) < ($2, $3::uuid))
 ORDER BY made_at DESC, id DESC
 LIMIT $4;

-- name: proposal_steps
-- What happened to a proposal, in order.
SELECT nth, step, person_id, digest, at FROM proposal_step WHERE proposal_id = $1 ORDER BY nth;

-- name: claim_proposal
-- One that is to be carried on, for the time of a lease. SKIP LOCKED: what is being decided on is
-- nobody's to take. What expired before it began stays as it is.
UPDATE proposal AS p
   SET runner = $1, lease_until = clock_timestamp() + make_interval(secs => $2)
  FROM (SELECT id FROM proposal
         WHERE withdrawn_at IS NULL AND runs_at <= clock_timestamp()
           AND (done_at IS NULL OR (undo_asked_at IS NOT NULL AND undone_at IS NULL))
           AND (started_at IS NOT NULL OR expires_at > clock_timestamp())
           AND lease_until < clock_timestamp()
         ORDER BY runs_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS due
 WHERE p.id = due.id
RETURNING p.id;

-- name: renew_proposal
-- Keeps it mine for another lease; nothing comes back where it was lost.
UPDATE proposal
   SET lease_until = clock_timestamp() + make_interval(secs => $3)
 WHERE id = $1 AND runner = $2
RETURNING clock_timestamp() AS now, *;

-- name: release_proposal
-- There is nothing more to do for now: whoever comes next may take it at once.
UPDATE proposal SET runner = NULL, lease_until = '-infinity' WHERE id = $1 AND runner = $2;

-- name: open_proposals
-- How long the oldest act that is to be carried on has waited for that, in seconds.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(coalesce(undo_asked_at, runs_at))), 0)::float8
  FROM proposal
 WHERE withdrawn_at IS NULL AND runs_at <= clock_timestamp()
   AND (done_at IS NULL OR (undo_asked_at IS NOT NULL AND undone_at IS NULL))
   AND (started_at IS NOT NULL OR expires_at > clock_timestamp());
