-- Count the hubs that a statement selects by cell.
SELECT {columns}, count(*) AS hubs FROM ({matching}) AS m GROUP BY 1, 2, 3, 4
