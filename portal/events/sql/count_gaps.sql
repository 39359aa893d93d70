-- Count positions that should be there and hold no entry, over all parties.
SELECT coalesce(sum(head.position - head.dropped_to - coalesce(held.n, 0) - coalesce(jumped.n, 0)), 0) AS gaps
  FROM events_feed_head AS head
  LEFT JOIN (SELECT entry.party_id, count(DISTINCT entry.position) AS n
               FROM events_feed_entry AS entry JOIN events_feed_head AS own USING (party_id)
              WHERE entry.position > own.dropped_to
              GROUP BY entry.party_id) AS held
    ON held.party_id = head.party_id
  LEFT JOIN (SELECT jump.party_id, sum(jump.position - jump.after) AS n
               FROM events_feed_jump AS jump JOIN events_feed_head AS own USING (party_id)
              WHERE jump.after >= own.dropped_to
              GROUP BY jump.party_id) AS jumped
    ON jumped.party_id = head.party_id
