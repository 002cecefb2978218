-- Who let a hold run out does not hold the same slot again at once, so it is looked for what ran out
-- lately. A plain booking is never such a hold, so it costs it nothing.
CREATE INDEX holds_that_ran_out ON booking (owner_id, expires_at) WHERE status = 'expired' AND kind = 'hold';
