-- Give each of the hubs that a statement selects the time of its night, in the order of the shuffle; those that no
-- night is left for are not in the answer.
WITH shuffled AS (
    SELECT m.guid, row_number() OVER (ORDER BY {key}, m.guid) AS place
      FROM ({matching}) AS m
)
SELECT s.guid, n.activate_at
  FROM shuffled AS s
  JOIN unnest(%(night_at)s::timestamptz[], %(night_first)s::bigint[], %(night_last)s::bigint[])
    AS n (activate_at, first, last) ON s.place BETWEEN n.first AND n.last
 ORDER BY s.guid
