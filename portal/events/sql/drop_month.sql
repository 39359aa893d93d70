-- Forget a month of the feed, whole.
SELECT events_drop_month(%(month)s)
