-- What waits to be announced is compressed: a batch's records say nearly the same again and again, so half
-- as much goes to the write-ahead log, and fewer pieces to the table and out of it again.
ALTER TABLE outbox
    ALTER COLUMN messages SET STORAGE EXTENDED,
    ALTER COLUMN messages SET COMPRESSION lz4;
