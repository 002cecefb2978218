-- For the list of what one holds. A plain booking is never held, so it costs it nothing.
CREATE INDEX holds_of_owner ON booking (owner_id, expires_at) WHERE status = 'held';
