-- Make the partitions of the feed for the months ahead that it lacks.
SELECT kernel_ensure_month_partitions('events_feed_entry', %(first)s, %(months)s)
