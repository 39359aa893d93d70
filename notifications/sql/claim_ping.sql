-- Claim the test event that has waited longest, one at a time for each organisation. One that was claimed and never settled
-- is claimed again.
WITH due AS (
    SELECT delivery.id
      FROM notifications_webhookdelivery AS delivery
      JOIN notifications_webhookendpoint AS endpoint ON endpoint.id = delivery.endpoint_id
     WHERE delivery.is_ping AND delivery.outcome IN ('WAITING', 'SENDING')
       AND (delivery.outcome = 'WAITING' OR delivery.at < %(lost)s)
       AND NOT EXISTS (SELECT FROM notifications_webhookdelivery AS under_way
                         JOIN notifications_webhookendpoint AS own ON own.id = under_way.endpoint_id
                        WHERE own.organisation_id = endpoint.organisation_id AND under_way.is_ping
                          AND under_way.outcome = 'SENDING' AND under_way.at >= %(lost)s)
     ORDER BY delivery.at, delivery.id
     LIMIT 1
       FOR NO KEY UPDATE OF delivery SKIP LOCKED
)
UPDATE notifications_webhookdelivery AS delivery
   SET outcome = 'SENDING', at = %(now)s
  FROM due
 WHERE delivery.id = due.id
RETURNING delivery.id
