-- Give the rows of a table that wait for their place numbers that follow a moment of theirs.
WITH ordered AS (
    SELECT id, (SELECT max(id) FROM {table}) + row_number() OVER (ORDER BY {moment}, id) AS place
      FROM {table} WHERE {waits}
), moved AS (
    UPDATE {table} AS t SET id = o.place FROM ordered AS o WHERE t.id = o.id RETURNING t.id
)
SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), max(id)) FROM moved HAVING max(id) IS NOT NULL
