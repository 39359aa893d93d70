-- Remove the rows at these places of a table that was empty before the load: they lie in the order of the file.
DELETE FROM rollouts_hub
 WHERE ctid IN (SELECT placed.ctid
                  FROM (SELECT ctid, row_number() OVER (ORDER BY ctid) - 1 AS place FROM rollouts_hub) AS placed
                 WHERE placed.place = ANY(%(places)s::bigint[]))
