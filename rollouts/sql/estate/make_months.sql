-- Make the partitions of a table for the months ahead that it lacks; answers with how many.
SELECT kernel_ensure_month_partitions(%(table)s, %(first)s, %(months)s) AS made
