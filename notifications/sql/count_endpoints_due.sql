-- Count the endpoints that are due and have entries to be delivered.
SELECT count(*) AS n
  FROM notifications_webhookendpoint AS endpoint
  JOIN events_feed_head AS head ON head.party_id = endpoint.organisation_id
 WHERE endpoint.state = 'ENABLED' AND endpoint.due_at <= %(now)s AND head.position > endpoint.cursor
