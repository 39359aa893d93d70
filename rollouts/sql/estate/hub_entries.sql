-- What the feed of one party has said of a hub, the latest first.
SELECT f.at, f.kind, f.rollout_id, f.code, f.data, e.firmware_version AS version
  FROM events_feed_entry AS f
  LEFT JOIN rollouts_cplentry AS e ON e.id = f.version_id
 WHERE f.guid = %(guid)s AND f.party_id = %(party)s
 ORDER BY f.at DESC, f.position DESC
 LIMIT %(size)s
