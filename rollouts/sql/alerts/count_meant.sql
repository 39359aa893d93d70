-- Count the alerts of a batch that should have moved something in a rollout; the look for misfits is only worth it when
-- fewer did.
SELECT count(*) AS alerts
  FROM judged_alert
 WHERE rollout_id = %(rollout_id)s AND why IS NULL
   AND code NOT IN ({AlertCode.CS06_ACCEPTED, AlertCode.READ_RESULT})
