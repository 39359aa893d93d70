-- Keep each alert of the batch once, and find what it speaks of: the hub, who is responsible for it now,
-- and the rollout (by the command it answers, else by what is in flight for the hub).
-- `why` names the reason when it can change nothing.
WITH fresh AS (
    INSERT INTO rollouts_csp_alert
           (occurred_at, alert_id, guid, batch_id, command_id, code, reason, firmware_version)
    SELECT occurred_at, alert_id, guid, %(batch_id)s, command_id, code, reason, firmware_version FROM staged_alert
    ON CONFLICT DO NOTHING
    RETURNING occurred_at, alert_id, guid, command_id, code, reason, firmware_version
)
INSERT INTO judged_alert
SELECT fresh.guid, fresh.occurred_at, fresh.alert_id, fresh.command_id,
       CASE WHEN fresh.command_id IS NULL THEN flight.rollout_id ELSE command.rollout_id END,
       hub.cpl_entry_id, hub.device_model_id, hub.import_supplier_id, hub.gas_supplier_id,
       command.requested_by_id, fresh.code, fresh.reason, hub.smi_status,
       coalesce(command.kind = {CommandKind.READ} AND command.rollout_id IS NOT NULL, false), fresh.firmware_version,
       CASE WHEN hub.guid IS NULL THEN 'UNKNOWN_HUB'
            WHEN channel.csp_id IS DISTINCT FROM %(csp_id)s THEN 'WRONG_CSP'
            WHEN fresh.code = {AlertCode.UNKNOWN} THEN 'UNKNOWN_CODE' END
  FROM (SELECT * FROM fresh ORDER BY guid) AS fresh  -- in the order of the key: neighbours lie on one page
  LEFT JOIN rollouts_hub AS hub ON hub.guid = fresh.guid
  LEFT JOIN rollouts_cspchannel AS channel ON channel.region = hub.region
  LEFT JOIN rollouts_command AS command ON command.id = fresh.command_id
  LEFT JOIN rollouts_hub_in_flight AS flight
    ON flight.guid = CASE WHEN fresh.command_id IS NULL THEN fresh.guid END
