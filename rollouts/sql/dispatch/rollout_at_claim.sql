-- Hold a rollout still while some of its hubs are claimed: a step waits for the claim, a claim for the step.
SELECT rollout.id, rollout.status, rollout.is_rescheduling, rollout.dispatch_settings, rollout.cpl_entry_id,
       entry.status AS cpl_status, entry.allowed_predecessor_ids AS predecessors
  FROM rollouts_rollout AS rollout
  JOIN rollouts_cplentry AS entry ON entry.id = rollout.cpl_entry_id
 WHERE rollout.id = %(rollout_id)s
   FOR SHARE OF rollout
