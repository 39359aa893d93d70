-- The policies there are, by table, with the text each was made of.
SELECT c.relname AS "table", p.polname AS name, obj_description(p.oid, 'pg_policy') AS text
  FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
 WHERE c.relnamespace = 'public'::regnamespace
