-- What a campaign gives, by its rules: products with their doses, days apart and ages. None: as the
-- campaign itself says.
ALTER TABLE rule_book
    ADD COLUMN products json NOT NULL DEFAULT '[]',
    ADD CONSTRAINT products_are_a_list CHECK (json_typeof(products) = 'array');
