-- Of the hubs nominated by some submissions, those that can join the pilot group now, or are in it: still a target
-- that nothing is under way on, and still the nominating Supplier's. In GUID order; the caller holds the rollout.
SELECT m.submission_id, m.guid, t.batch_id = %(pilot_id)s AS is_member
  FROM rollouts_pilotmember AS m
  JOIN rollouts_pilotsubmission AS s ON s.id = m.submission_id
  JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = m.guid
 WHERE m.submission_id = ANY(%(submissions)s)
   AND s.organisation_id IN (t.import_supplier_id, t.gas_supplier_id)
   AND (t.state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})
        OR t.batch_id = %(pilot_id)s AND rollouts_stage_of(t.state) < {SETTLED})
 ORDER BY m.guid, m.submission_id
