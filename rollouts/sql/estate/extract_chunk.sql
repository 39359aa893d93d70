-- Hand over the next hubs of an estate in GUID order, a column at a time, as arrays of big-endian numbers.
-- No GPF is the lowest number of all, no date is 0.
SELECT string_agg(int8send(c.guid), ''::bytea) AS guids,
       string_agg(int8send(coalesce(c.gpf_guid, -9223372036854775808)), ''::bytea) AS gpfs,
       string_agg(int8send({kind}), ''::bytea) AS kinds,
       string_agg(int8send({who}), ''::bytea) AS who,
       string_agg(int4send(coalesce(c.commissioned_on - date '1970-01-01', 0)), ''::bytea) AS days
  FROM (SELECT w.* FROM ({walks}) AS w WHERE {condition} ORDER BY w.guid LIMIT %(size)s) AS c
