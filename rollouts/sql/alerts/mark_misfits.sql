-- Of a rollout's alerts, mark those about hubs that are not in it, and activations of another version.
UPDATE judged_alert AS judged
   SET why = CASE WHEN judged.code IN ({AlertCode.CS06_RESPONSE, AlertCode.ACTIVATED})
                   AND judged.reason = {FailureCode.NONE} AND judged.firmware_version <> %(version)s
                  THEN 'OTHER_VERSION' ELSE 'NO_ROLLOUT' END
 WHERE judged.rollout_id = %(rollout_id)s AND judged.why IS NULL AND judged.code <> {AlertCode.READ_RESULT}
   AND ((judged.code IN ({AlertCode.CS06_RESPONSE, AlertCode.ACTIVATED})
         AND judged.reason = {FailureCode.NONE} AND judged.firmware_version <> %(version)s)
        OR NOT EXISTS (SELECT FROM {target} AS target
                        WHERE target.rollout_id = %(rollout_id)s AND target.guid = judged.guid))
