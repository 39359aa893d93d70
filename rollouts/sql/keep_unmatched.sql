-- What changed nothing is kept for the DCC, once, never dropped (R4.11).
INSERT INTO rollouts_unmatchedalert
       (alert_id, batch_id, csp_id, guid, code, occurred_at, received_at, why, data)
SELECT alert_id, %(batch_id)s, %(csp_id)s, guid, code, occurred_at, %(received_at)s, why,
       jsonb_build_object('command_id', command_id, 'firmware_version', firmware_version, 'reason', reason)
  FROM judged_alert
 WHERE why IS NOT NULL
ON CONFLICT (alert_id) DO NOTHING
