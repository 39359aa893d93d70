-- Count the places in open rollouts that Suppliers are about to gain with the staged hubs: where none was theirs.
SELECT t.rollout_id, party.id AS party, count(*) AS hubs,
       count(*) FILTER (WHERE c.import_id <> c.gas_id) AS split,
       count(*) FILTER (WHERE c.gas_id IS DISTINCT FROM party.id) AS import_only,
       count(*) FILTER (WHERE c.import_id IS DISTINCT FROM party.id) AS gas_only,
       count(*) FILTER (WHERE c.import_id = c.gas_id) AS in_both
  FROM rollouts_staged_supplier AS c
  JOIN rollouts_target AS t ON t.guid = c.guid AND t.rollout_id = ANY(%(rollouts)s::integer[])
  JOIN rollouts_rollout AS r ON r.id = t.rollout_id AND r.status = ANY(%(open)s)
 CROSS JOIN LATERAL (SELECT c.import_id UNION SELECT c.gas_id) AS party (id)
 WHERE party.id IS DISTINCT FROM t.import_supplier_id AND party.id IS DISTINCT FROM t.gas_supplier_id
   AND party.id IS NOT NULL AND rollouts_stage_of(t.state) < {SETTLED}
 GROUP BY t.rollout_id, party.id
 ORDER BY t.rollout_id, party.id
