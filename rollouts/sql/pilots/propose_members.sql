-- Name the hubs of a proposal to each Supplier responsible for them: a split hub to both, under a proposal of its own.
INSERT INTO rollouts_pilotmember (submission_id, guid, rollout_id)
SELECT s.id, t.guid, t.rollout_id
  FROM rollouts_pilotsubmission AS s
  JOIN rollouts_target AS t
    ON t.rollout_id = %(rollout_id)s AND t.guid = ANY(%(guids)s)
   AND s.organisation_id IN (t.import_supplier_id, t.gas_supplier_id)
 WHERE s.proposal_id = %(proposal_id)s
