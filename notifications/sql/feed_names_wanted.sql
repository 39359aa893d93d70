-- The rollouts and versions that some entries of a feed speak of: a row each pair.
SELECT DISTINCT page.rollout_id, page.version_id
  FROM (SELECT entry.rollout_id, entry.version_id
          FROM events_feed_entry AS entry
         WHERE {entries_wanted}
         ORDER BY entry.position
         LIMIT %(size)s) AS page
