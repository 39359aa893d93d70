-- Put hubs into a batch, in GUID order. What nobody answered takes the time that holds there; answers are kept.
WITH found AS (
    SELECT guid FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s AND guid = ANY(%(guids)s) AND batch_id <> %(batch_id)s
     ORDER BY guid FOR NO KEY UPDATE
)
UPDATE rollouts_target AS t
   SET batch_id = %(batch_id)s,
       effective_at = CASE WHEN t.import_answer = {Answer.INSTRUCTED} OR t.gas_answer = {Answer.INSTRUCTED}
                           THEN t.effective_at
                           ELSE %(automatic_at)s END
  FROM found
 WHERE t.rollout_id = %(rollout_id)s AND t.guid = found.guid
