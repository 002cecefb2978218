-- The one database of a stack. Byte order sorts fastest and the same everywhere; letters are known
-- beyond ASCII.
CREATE DATABASE talon
    TEMPLATE template0
    ENCODING 'UTF8'
    LC_COLLATE 'C'
    LC_CTYPE 'C.UTF-8';
