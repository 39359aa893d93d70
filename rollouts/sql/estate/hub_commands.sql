-- The commands that named a hub, the latest first: of the rollouts given, and readings somebody asked for; and what the hub
-- answered to each. A Supplier sees no reading another organisation has asked for.
SELECT c.id, c.kind, c.status, c.rollout_id, r.name AS rollout_name, e.firmware_version AS version, c.hub_count,
       c.execute_at, c.due_at, c.sent_at, c.recalled_at, c.attempts, c.problem,
       CASE WHEN NOT %(is_supplier)s THEN o.name END AS asked_by, a.occurred_at AS answered_at, a.code, a.reason
  FROM rollouts_command AS c
  LEFT JOIN rollouts_rollout AS r ON r.id = c.rollout_id
  LEFT JOIN rollouts_cplentry AS e ON e.id = c.cpl_entry_id
  LEFT JOIN identity_organisation AS o ON o.id = c.requested_by_id
  LEFT JOIN LATERAL (
           SELECT alert.occurred_at, alert.code, alert.reason
             FROM rollouts_csp_alert AS alert
            WHERE alert.guid = %(guid)s AND alert.command_id = c.id
            ORDER BY alert.occurred_at DESC
            LIMIT 1
       ) AS a ON true
 WHERE (c.rollout_id = ANY(%(rollouts)s) OR c.rollout_id IS NULL AND c.created_at > %(since)s)
   AND c.region = %(region)s AND %(guid)s = ANY(c.guids)
   AND (NOT %(is_supplier)s OR c.requested_by_id IS NULL OR c.requested_by_id = %(party)s)
 ORDER BY c.id DESC
 LIMIT %(size)s
