-- Name the partitions of the feed.
SELECT inhrelid::regclass::text AS name
  FROM pg_inherits
 WHERE inhparent = 'events_feed_entry'::regclass
 ORDER BY name
