-- The first hubs of an estate that meet a condition, as one array of big-endian numbers.
SELECT string_agg(int8send(c.guid), ''::bytea) AS guids
  FROM (SELECT w.guid FROM ({walks}) AS w WHERE {condition} ORDER BY w.guid LIMIT %(size)s) AS c
