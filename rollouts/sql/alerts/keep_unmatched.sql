-- What changed nothing is kept for the DCC, once, never dropped (R4.11). From the wrong CSP it counts as not received:
-- the copy that the right one sends, once somebody has corrected the mistake, must not be taken for a repetition.
WITH undone AS (
    DELETE FROM rollouts_csp_alert AS alert
     USING judged_alert AS judged
     WHERE judged.why = 'WRONG_CSP' AND alert.occurred_at = judged.occurred_at AND alert.alert_id = judged.alert_id
)
INSERT INTO rollouts_unmatchedalert
       (alert_id, batch_id, csp_id, guid, code, occurred_at, received_at, why, data)
SELECT alert_id, %(batch_id)s, %(csp_id)s, guid, code, occurred_at, %(received_at)s, why,
       jsonb_build_object('command_id', command_id, 'firmware_version', firmware_version, 'reason', reason)
  FROM judged_alert
 WHERE why IS NOT NULL
ON CONFLICT (alert_id) DO NOTHING
