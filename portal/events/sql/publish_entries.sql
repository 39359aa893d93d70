-- Put one coarse entry into the feed of each party. Whoever publishes does not read what others are told.
INSERT INTO events_feed_outbox (party_id, kind, rollout_id, at, data)
SELECT party_id, %(kind)s, %(rollout_id)s, %(at)s, data
  FROM jsonb_to_recordset(%(entries)s::jsonb) AS entry (party_id integer, data jsonb)
 ORDER BY party_id
