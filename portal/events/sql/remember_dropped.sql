-- Note for each party up to where the entries are about to be forgotten that some of a partition are.
UPDATE events_feed_head AS head
   SET dropped_to = greatest(head.dropped_to, gone.position)
  FROM (SELECT party_id, max(position) AS position
          FROM {month}
         WHERE %(oldest)s::date IS NULL OR at < %(oldest)s::date
         GROUP BY party_id) AS gone
 WHERE head.party_id = gone.party_id
