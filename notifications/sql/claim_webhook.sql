-- Claim the endpoint that has waited longest and has entries to be delivered. One at a time may deliver to an
-- endpoint, so that entries arrive in order; a claim that was never settled ends by itself.
-- An organisation has so many under way at most: addresses of its that never answer hold up nobody else's.
-- Entries that are no longer kept cannot be delivered: the cursor steps over them.
WITH due AS (
    SELECT endpoint.id, head.dropped_to
      FROM notifications_webhookendpoint AS endpoint
      JOIN events_feed_head AS head ON head.party_id = endpoint.organisation_id
     WHERE endpoint.state = 'ENABLED' AND endpoint.due_at <= %(now)s
       AND head.position > endpoint.cursor
       AND (endpoint.claimed_until IS NULL OR endpoint.claimed_until < %(now)s)
       AND (SELECT count(*) FROM notifications_webhookendpoint AS own
             WHERE own.organisation_id = endpoint.organisation_id AND own.claimed_until >= %(now)s) < %(most)s
     ORDER BY endpoint.due_at, endpoint.id
     LIMIT 1
       FOR NO KEY UPDATE OF endpoint SKIP LOCKED
)
UPDATE notifications_webhookendpoint AS endpoint
   SET claim = %(claim)s, claimed_until = %(until)s,
       batch_to = CASE WHEN endpoint.cursor < due.dropped_to THEN NULL ELSE endpoint.batch_to END,
       cursor = greatest(endpoint.cursor, due.dropped_to)
  FROM due
 WHERE endpoint.id = due.id
RETURNING endpoint.id, endpoint.organisation_id, endpoint.url, endpoint.kinds, endpoint.rollout_ids,
          endpoint.regions, endpoint.user_identifier_id,
          endpoint.batch_size, endpoint.cursor, endpoint.batch_to, endpoint.attempts
