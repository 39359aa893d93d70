-- The roles this server has.
SELECT rolname AS name FROM pg_roles
