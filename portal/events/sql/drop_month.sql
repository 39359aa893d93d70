-- Forget a month of the feed, whole.
DROP TABLE {month}
