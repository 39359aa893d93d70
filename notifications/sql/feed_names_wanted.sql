-- The updates and versions that some entries of a feed speak of: a row each pair.
SELECT DISTINCT page.rollout_id, page.version_id
  FROM (SELECT entry.rollout_id, entry.version_id
          FROM events_feed_entry AS entry
         WHERE entry.party_id = %(party)s AND entry.position > %(after)s
           AND (%(kinds)s::int[] IS NULL OR entry.kind = ANY(%(kinds)s))
           AND (%(of_rollouts)s::int[] IS NULL OR entry.rollout_id = ANY(%(of_rollouts)s))
           AND {of_regions}
         ORDER BY entry.position
         LIMIT %(size)s) AS page
