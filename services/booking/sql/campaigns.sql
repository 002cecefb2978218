-- name: make_campaign
-- One wish makes one campaign; nothing comes back where the wish or the id was there before.
INSERT INTO campaign (id, wish_id, body_hash, name, service, opens_at, doses, min_days, max_days)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
RETURNING id;

-- name: campaign_of_wish
-- What an earlier request with this key made.
SELECT id, body_hash FROM campaign WHERE wish_id = $1;

-- name: load_campaign
-- One campaign.
SELECT id, name, service, opens_at, doses, min_days, max_days FROM campaign WHERE id = $1;

-- name: list_campaigns
-- All of them, oldest first, from the cursor on.
SELECT id, name, service, opens_at, doses, min_days, max_days, made_at
  FROM campaign
 WHERE $1::timestamptz IS NULL OR (made_at, id) > ($1, $2::uuid)
 ORDER BY made_at, id
 LIMIT $3;
