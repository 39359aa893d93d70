-- The updates and versions that some entries of a feed speak of: a row each pair.
SELECT DISTINCT page.rollout_id, page.version_id
  FROM (SELECT feed.rollout_id, feed.version_id
          FROM events_feed_entry AS feed
         WHERE feed.party_id = %(party)s AND feed.position > %(after)s
           AND (%(kinds)s::int[] IS NULL OR feed.kind = ANY(%(kinds)s))
           AND (%(of_rollouts)s::int[] IS NULL OR feed.rollout_id = ANY(%(of_rollouts)s))
         ORDER BY feed.position
         LIMIT %(size)s) AS page
