-- The hubs of a page of a rollout, as one array of big-endian numbers.
SELECT string_agg(int8send(m.guid), ''::bytea) AS guids FROM ({members}) AS m
