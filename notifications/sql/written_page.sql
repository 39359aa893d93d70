-- Entries of a party's feed as one text, put together here: how many there are, the last one's position, their array.
SELECT count(*), max(position), string_agg(text, ',' ORDER BY position)
  FROM ({entries}) AS written
