-- Confirm activations: the target, the SMI records of the hub and its GPF, their history, the alert to each
-- Supplier responsible at this moment (R4.7), and the end of the upgrade in flight; all or nothing.
-- The hub's word outranks whatever the portal believed; a target is confirmed once, however often it is said. What it
-- said of an earlier rollout, and what comes after its word (or a later inventory file's) of a later version, leaves the
-- SMI as that has it. A reading tells that a hub runs the version, not since when: of a hub whose activation was due by
-- the halt, it does not say that it activated after it (R5.6).
WITH said AS (
    SELECT DISTINCT ON (guid) guid, occurred_at, alert_id, old_entry_id, old_status, code
      FROM judged_alert
     WHERE rollout_id = %(rollout_id)s AND why IS NULL AND firmware_version = %(version)s
       AND (code IN ({AlertCode.ACTIVATED, AlertCode.READ_RESULT})
            OR (code = {AlertCode.CS06_RESPONSE} AND reason = {FailureCode.NONE}))
     ORDER BY guid, occurred_at
), moved AS (
    UPDATE {target} AS target
       SET state = {TargetState.ACTIVATED}, code = {FailureCode.NONE}, state_at = %(now)s,
           activated_after_halt = coalesce(
               said.occurred_at > %(halted_at)s::timestamptz
               AND (said.code <> {AlertCode.READ_RESULT}
                    OR NOT EXISTS (SELECT FROM rollouts_command AS activation
                                    WHERE activation.id = target.command_id AND activation.kind = {CommandKind.ACTIVATE}
                                      AND coalesce(activation.execute_at, activation.left_at) <= %(halted_at)s)), false)
      FROM said
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = said.guid AND target.state <> {TargetState.ACTIVATED}
    RETURNING target.guid, said.alert_id, said.old_entry_id, said.old_status, target.activated_after_halt,
              -- Alerts are only searched for the few hubs that run neither version.
              CASE WHEN said.old_entry_id NOT IN (target.from_cpl_entry_id, %(entry_id)s)
                   THEN EXISTS (SELECT FROM rollouts_hub_history AS known
                                 WHERE known.guid = said.guid AND known.kind = {HistoryKind.VERSION}
                                   AND known.at > said.occurred_at - interval '1 day'
                                   AND (EXISTS (SELECT FROM rollouts_csp_alert AS later
                                                 WHERE later.guid = known.guid AND later.alert_id::text = known.evidence
                                                   AND later.occurred_at > said.occurred_at)
                                        OR EXISTS (SELECT FROM rollouts_estateimport AS file
                                                    WHERE file.id = CASE WHEN starts_with(known.evidence, 'import ')
                                                                         THEN substr(known.evidence, 8)::bigint END
                                                      AND file.as_of > said.occurred_at)))
                   ELSE false END AS is_past
), smi AS (
    UPDATE rollouts_hub AS hub
       SET cpl_entry_id = CASE WHEN moved.is_past THEN hub.cpl_entry_id ELSE %(entry_id)s END,
           gpf_cpl_entry_id = CASE WHEN hub.gpf_guid IS NULL OR moved.is_past THEN hub.gpf_cpl_entry_id
                                   ELSE %(entry_id)s END,
           smi_status = CASE WHEN hub.smi_status = {SmiStatus.SUSPENDED} THEN {SmiStatus.COMMISSIONED}
                             ELSE hub.smi_status END,
           gpf_status = CASE WHEN hub.gpf_status = {SmiStatus.SUSPENDED} THEN {SmiStatus.COMMISSIONED}
                             ELSE hub.gpf_status END
      FROM moved
     WHERE hub.guid = moved.guid
    RETURNING hub.guid, hub.gpf_guid, hub.import_supplier_id, hub.gas_supplier_id, moved.alert_id,
              moved.old_entry_id, moved.old_status, moved.activated_after_halt, moved.is_past
), before AS MATERIALIZED (
    -- A handful: joined with the whole CPL, each hub would walk all of it.
    SELECT id, firmware_version, jsonb_build_object('previous_version', firmware_version) AS facts FROM rollouts_cplentry
     WHERE id = ANY (ARRAY(SELECT DISTINCT old_entry_id FROM said)) AND id <> %(entry_id)s
), changed AS (
    SELECT smi.guid, smi.gpf_guid, smi.alert_id::text AS evidence, before.firmware_version AS old_version
      FROM smi JOIN before ON before.id = smi.old_entry_id
     WHERE NOT smi.is_past
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, rollout_id, kind, old_value, new_value, evidence)
    SELECT guid, %(now)s, %(rollout_id)s, {HistoryKind.VERSION}, old_version, %(version)s, evidence FROM changed
     UNION ALL
    SELECT gpf_guid, %(now)s, %(rollout_id)s, {HistoryKind.GPF_VERSION}, old_version, %(version)s, evidence
      FROM changed
     WHERE gpf_guid IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, %(rollout_id)s, {HistoryKind.STATUS}, 'Suspended', 'Commissioned', alert_id::text
      FROM smi WHERE old_status = {SmiStatus.SUSPENDED}
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code, data)
    SELECT smi.guid, %(now)s, smi.import_supplier_id, %(rollout_id)s, %(entry_id)s, {EntryKind.HUB_ACTIVATED},
           smi.activated_after_halt::int * {ActivationCode.AFTER_HALT} + {ActivationCode.IMPORT}
           + CASE WHEN smi.gas_supplier_id = smi.import_supplier_id THEN {ActivationCode.GAS} ELSE 0 END,
           before.facts
      FROM smi LEFT JOIN before ON before.id = smi.old_entry_id
     WHERE smi.import_supplier_id IS NOT NULL
     UNION ALL
    SELECT smi.guid, %(now)s, smi.gas_supplier_id, %(rollout_id)s, %(entry_id)s, {EntryKind.HUB_ACTIVATED},
           smi.activated_after_halt::int * {ActivationCode.AFTER_HALT} + {ActivationCode.GAS},
           before.facts
      FROM smi LEFT JOIN before ON before.id = smi.old_entry_id
     WHERE smi.gas_supplier_id IS DISTINCT FROM smi.import_supplier_id AND smi.gas_supplier_id IS NOT NULL
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM moved))
)
SELECT (SELECT count(*) FROM said) AS said, (SELECT count(*) FROM moved) AS moved
