-- name: drop_old_rows_of_contacts
-- A row that was changed lies in its file until it is overwritten, with what it said: written anew,
-- the file holds only what is so now.
VACUUM (FULL) contact;
