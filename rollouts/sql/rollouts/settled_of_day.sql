-- Count each Supplier's hubs of a rollout that came to an end between two moments, by how and why. A hub of two
-- Suppliers counts for each.
SELECT party.id AS party, t.state, t.code, count(*) AS hubs
  FROM rollouts_target AS t
 CROSS JOIN LATERAL (SELECT t.import_supplier_id UNION SELECT t.gas_supplier_id) AS party (id)
 WHERE t.rollout_id = %(rollout_id)s AND t.state_at >= %(since)s AND t.state_at < %(until)s
   AND t.state IN ({FAILED_STATES, TargetState.ACTIVATED}) AND party.id IS NOT NULL
 GROUP BY party.id, t.state, t.code
 ORDER BY party.id, t.state, t.code
