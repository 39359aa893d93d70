-- An activation of another version than that of the rollout it was placed in belongs to the latest rollout of its own
-- version that has the hub, whatever became of it there. So does a reading of a hub that no rollout has in flight, where
-- the hub has not come to its end there: somebody else has upgraded it.
WITH misplaced AS (
    SELECT judged.ctid AS row,
           (SELECT target.rollout_id
              FROM rollouts_cplentry AS entry
              JOIN rollouts_rollout AS rollout ON rollout.cpl_entry_id = entry.id
              JOIN rollouts_target AS target
                ON target.rollout_id = rollout.id AND target.guid = judged.guid
               AND (judged.code <> {AlertCode.READ_RESULT} OR target.state NOT IN ({TERMINAL_STATES}))
             WHERE entry.device_model_id = judged.device_model_id AND entry.firmware_version = judged.firmware_version
             ORDER BY target.rollout_id DESC LIMIT 1) AS rollout_id
      FROM judged_alert AS judged
     WHERE judged.code IN ({AlertCode.CS06_RESPONSE, AlertCode.ACTIVATED, AlertCode.READ_RESULT})
       AND judged.reason = {FailureCode.NONE}
       AND (judged.code <> {AlertCode.READ_RESULT}
            OR NOT EXISTS (SELECT FROM rollouts_hub_in_flight AS flight WHERE flight.guid = judged.guid))
       AND (judged.why IS NULL OR judged.why = 'NO_ROLLOUT')
       -- Hashed once, as there are few rollouts: nearly every alert is of the version of its own.
       AND (judged.rollout_id IS NULL
            OR (judged.rollout_id, judged.firmware_version::text) NOT IN
               (SELECT rollout.id, entry.firmware_version::text
                  FROM rollouts_rollout AS rollout JOIN rollouts_cplentry AS entry ON entry.id = rollout.cpl_entry_id))
)
UPDATE judged_alert AS judged
   SET rollout_id = misplaced.rollout_id, why = NULL
  FROM misplaced
 WHERE judged.ctid = misplaced.row AND misplaced.rollout_id IS NOT NULL
