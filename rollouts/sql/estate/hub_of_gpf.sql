-- Find the hub whose GPF has a GUID; no row where there is none.
SELECT guid FROM rollouts_hub WHERE gpf_guid = %(guid)s LIMIT 1
