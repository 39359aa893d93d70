-- Move the next entries from the outbox into the feed, and give each its place in its party's feed.
-- Positions of a party have no gaps and follow the order of commits, because one process at a
-- time runs this (under the sequencer's lock) and only sees what has been committed. They are taken by
-- their range: with `id IN (...)` and statistics from a time when the outbox was empty, 20,000 took five minutes.
WITH moved AS (
    DELETE FROM events_feed_outbox
     WHERE id <= (SELECT max(id) FROM (SELECT id FROM events_feed_outbox ORDER BY id LIMIT %(size)s) AS next)
    RETURNING id, guid, at, party_id, rollout_id, version_id, kind, code, data
), heads AS (
    INSERT INTO events_feed_head AS head (party_id, position)
    SELECT party_id, count(*) FROM moved GROUP BY party_id
    ON CONFLICT (party_id) DO UPDATE SET position = head.position + EXCLUDED.position
    RETURNING party_id, position
), placed AS (
    INSERT INTO events_feed_entry (position, guid, at, party_id, rollout_id, version_id, kind, code, data)
    SELECT heads.position
           - count(*) OVER (PARTITION BY moved.party_id)
           + row_number() OVER (PARTITION BY moved.party_id ORDER BY moved.id),
           moved.guid, moved.at, moved.party_id, moved.rollout_id, moved.version_id, moved.kind, moved.code,
           moved.data
      FROM moved JOIN heads USING (party_id)
    RETURNING position, guid, at, party_id, rollout_id, kind, data
)
SELECT position, guid, at, party_id, rollout_id, kind, data, (SELECT count(*) FROM moved) AS moved
  FROM placed
 WHERE guid IS NULL
UNION ALL
SELECT max(position), 0, max(at), party_id, NULL, 0, NULL, (SELECT count(*) FROM moved)
  FROM placed
 GROUP BY party_id
