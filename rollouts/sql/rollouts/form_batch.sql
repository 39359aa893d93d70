-- Move the chosen hubs that nobody has answered for, and that wait in the safe launch group, to a batch with a time of
-- its own. The caller holds the rollout's row, so nobody else moves targets: no order of locks is needed.
UPDATE rollouts_target AS t
   SET batch_id = %(batch_id)s, effective_at = %(automatic_at)s
  FROM rollouts_hub AS h
 WHERE t.rollout_id = %(rollout_id)s AND t.guid = h.guid
   AND t.state = {TargetState.ELIGIBLE} AND t.import_answer = {Answer.NONE} AND t.gas_answer = {Answer.NONE}
   AND t.batch_id = ANY(%(open_batches)s)
   AND {chosen}
