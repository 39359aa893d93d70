-- An alert without a command about a hub that is no longer in flight belongs to the rollout that last
-- commanded the hub; with none, it fits nothing.
WITH stray AS (
    SELECT judged.ctid AS row,
           (SELECT target.rollout_id
              FROM rollouts_rollout AS rollout
              JOIN rollouts_target AS target ON target.rollout_id = rollout.id AND target.guid = judged.guid
             WHERE target.command_id IS NOT NULL
             ORDER BY target.state_at DESC LIMIT 1) AS rollout_id
      FROM judged_alert AS judged
     WHERE judged.rollout_id IS NULL AND judged.why IS NULL
)
UPDATE judged_alert AS judged
   SET rollout_id = stray.rollout_id,
       why = CASE WHEN stray.rollout_id IS NULL AND judged.code <> {AlertCode.READ_RESULT} THEN 'NO_ROLLOUT' END
  FROM stray
 WHERE judged.ctid = stray.row
