-- Count the hubs that a statement selects.
SELECT count(*) AS n FROM ({matching}) AS m
