-- How far the feed of each party has come.
SELECT party_id, position FROM events_feed_head
