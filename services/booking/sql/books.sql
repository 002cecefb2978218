-- name: make_book
-- The next number of the campaign. Nothing comes back where this wish was there before; two at once for
-- one campaign both take the same number, so one of them fails and is asked again.
INSERT INTO rule_book (id, campaign_id, number, phases, body_hash, made_by, products)
SELECT $1, $2, 1 + coalesce(max(number), 0), $3, $4, $5, $6 FROM rule_book WHERE campaign_id = $2
    ON CONFLICT (id) DO NOTHING
RETURNING number, made_at;

-- name: load_book
-- One version, and the hash of what was asked when it was made.
SELECT id, campaign_id, number, phases, products, body_hash, made_at FROM rule_book WHERE id = $1;

-- name: list_books
-- The versions of a campaign, the newest first.
SELECT id, campaign_id, number, phases, products, made_at FROM rule_book
 WHERE campaign_id = $1 AND ($2::integer IS NULL OR number < $2) ORDER BY number DESC LIMIT $3;

-- name: count_published
-- Whether anything has been published since it was last read.
SELECT count(*) AS number FROM publication;

-- name: list_published
-- What is in force of each campaign, with its books.
SELECT DISTINCT ON (p.campaign_id)
       p.campaign_id, c.service, p.number, p.percent, p.clinics, p.districts, p.reverts, p.at,
       b.id AS book_id, b.number AS book_number, b.phases AS book_phases,
       b.products AS book_products,
       r.id AS before_id, r.number AS before_number, r.phases AS before_phases,
       r.products AS before_products
  FROM publication AS p
  JOIN campaign AS c ON c.id = p.campaign_id
  LEFT JOIN rule_book AS b ON b.id = p.book_id
  LEFT JOIN rule_book AS r ON r.id = p.before_id
 ORDER BY p.campaign_id, p.number DESC;

-- name: publish
-- The next publication of a campaign, if $2 is still the last; done before for the same cause, it is not
-- done again.
INSERT INTO publication (campaign_id, number, book_id, before_id, percent, clinics, districts, reverts,
                         cause_id, by_id, reason)
SELECT $1, $2 + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11
 WHERE $2 = (SELECT coalesce(max(number), 0) FROM publication WHERE campaign_id = $1)
    ON CONFLICT DO NOTHING
RETURNING number;

-- name: published_for
-- What this cause has published already, or taken back.
SELECT campaign_id, number, reason FROM publication WHERE cause_id = $1 AND reverts = $2;
