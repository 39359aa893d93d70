-- Say of some hubs where they stand in the rollout that is upgrading them, or in the one that is named, to one
-- Supplier of its own hubs, or to everybody who may see all.
SELECT DISTINCT ON (t.guid) t.guid, t.rollout_id, r.name, t.state, t.code, t.consent, t.effective_at
  FROM rollouts_target AS t
  JOIN rollouts_rollout AS r ON r.id = t.rollout_id
 WHERE t.rollout_id = ANY(%(rollouts)s) AND t.guid = ANY(%(guids)s) AND t.state <> {TargetState.WITHDRAWN}
   AND (%(is_any)s OR rollouts_stage_of(t.state) < {SETTLED})
   AND (%(party)s::int IS NULL OR t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)
 ORDER BY t.guid, t.rollout_id DESC
