-- name: backend
-- Which process of PostgreSQL works for this connection.
SELECT pg_backend_pid();
