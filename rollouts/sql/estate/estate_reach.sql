-- Where a full walk ended; nothing when it came to the end of the estate.
SELECT w.guid FROM ({walks}) AS w ORDER BY w.guid {order} OFFSET %(bound)s - 1 LIMIT 1
