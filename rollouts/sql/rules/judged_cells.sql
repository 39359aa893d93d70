-- Count hubs by cell, in one pass: those that meet a condition, and all.
SELECT {columns}, count(*) FILTER (WHERE m.is_match) AS matched, count(*) AS hubs
  FROM ({judged}) AS m
 GROUP BY 1, 2, 3, 4
