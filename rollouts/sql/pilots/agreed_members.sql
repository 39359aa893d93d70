-- Of the hubs of a proposal, those that can join the pilot group now: every Supplier responsible for the hub at this
-- moment has accepted, and nothing is under way on it. In GUID order; the caller holds the rollout.
SELECT a.submission_id, a.guid, false AS is_member
  FROM (SELECT m.submission_id, m.guid, array_agg(s.organisation_id) OVER (PARTITION BY m.guid) AS accepted,
               t.import_supplier_id, t.gas_supplier_id
          FROM rollouts_pilotsubmission AS s
          JOIN rollouts_pilotmember AS m ON m.submission_id = s.id
          JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = m.guid
         WHERE s.proposal_id = %(proposal_id)s AND s.status = 'ACCEPTED'
           AND s.organisation_id IN (t.import_supplier_id, t.gas_supplier_id)
           AND t.batch_id <> %(pilot_id)s
           AND t.state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})) AS a
 WHERE coalesce(a.import_supplier_id = ANY(a.accepted), true)
   AND coalesce(a.gas_supplier_id = ANY(a.accepted), true)
 ORDER BY a.guid, a.submission_id
