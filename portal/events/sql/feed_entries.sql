-- Entries of a party's feed after a position, in order, of some kinds or all.
SELECT feed.position, feed.kind, feed.at, feed.rollout_id, feed.guid, feed.version_id, feed.code, feed.data
  FROM events_feed_entry AS feed
 WHERE feed.party_id = %(party)s AND feed.position > %(after)s
   AND (%(kinds)s::int[] IS NULL OR feed.kind = ANY(%(kinds)s))
 ORDER BY feed.position
 LIMIT %(size)s
