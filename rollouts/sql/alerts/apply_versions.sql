-- What hubs say they run: readings of the version (SR 11.2), and activations that fit no target of a rollout or confirm
-- what a Suspended hub runs already. The SMI records of the hub and its GPF are corrected where they differ, and are
-- Suspended no longer where the version is Active on the CPL; the Suppliers responsible at this moment are told
-- (R4.6, R4.7), and a reading goes to whoever asked, if still responsible for the hub. A version that is on no list of
-- its model changes nothing; nor does one that was said before the hub, or a later inventory file, said what the SMI
-- holds now (its clock may be ahead of ours, by a day at most).
WITH report AS (
    SELECT judged.ctid AS row, judged.guid, judged.alert_id, judged.asked_by, judged.reason, judged.occurred_at, judged.firmware_version,
           judged.old_entry_id, judged.old_status, entry.id AS entry_id, entry.status AS entry_status, judged.import_id, judged.gas_id,
           judged.code = {AlertCode.READ_RESULT} AS is_reading
      FROM judged_alert AS judged
      LEFT JOIN rollouts_cplentry AS entry
        ON entry.device_model_id = judged.device_model_id AND entry.firmware_version = judged.firmware_version
     WHERE judged.code = {AlertCode.READ_RESULT} AND judged.why IS NULL
        OR judged.code IN ({AlertCode.CS06_RESPONSE, AlertCode.ACTIVATED}) AND judged.reason = {FailureCode.NONE}
           AND (judged.why IN ('NO_ROLLOUT', 'OTHER_VERSION')
                OR judged.why IS NULL AND judged.old_status = {SmiStatus.SUSPENDED})
), said AS (
    -- The last of each hub that says something.
    SELECT DISTINCT ON (guid) * FROM report
     WHERE reason = {FailureCode.NONE} AND entry_id IS NOT NULL
     ORDER BY guid, occurred_at DESC
), smi AS (
    UPDATE rollouts_hub AS hub
       SET cpl_entry_id = said.entry_id,
           gpf_cpl_entry_id = CASE WHEN hub.gpf_guid IS NULL THEN hub.gpf_cpl_entry_id ELSE said.entry_id END,
           smi_status = CASE WHEN hub.smi_status = {SmiStatus.SUSPENDED} THEN {SmiStatus.COMMISSIONED}
                             ELSE hub.smi_status END,
           gpf_status = CASE WHEN hub.gpf_status = {SmiStatus.SUSPENDED} THEN {SmiStatus.COMMISSIONED}
                             ELSE hub.gpf_status END
      FROM said
     WHERE hub.guid = said.guid
       -- In a CASE, so that alerts are only searched for the few hubs that differ.
       AND CASE WHEN hub.cpl_entry_id <> said.entry_id
                THEN NOT EXISTS (SELECT FROM rollouts_hub_history AS known
                                  WHERE known.guid = said.guid AND known.kind = {HistoryKind.VERSION}
                                    AND known.at > said.occurred_at - interval '1 day'
                                    AND (EXISTS (SELECT FROM rollouts_csp_alert AS later
                                                  WHERE later.guid = known.guid AND later.alert_id::text = known.evidence
                                                    AND later.occurred_at > said.occurred_at)
                                         OR EXISTS (SELECT FROM rollouts_estateimport AS file
                                                     WHERE file.id = CASE WHEN starts_with(known.evidence, 'import ')
                                                                          THEN substr(known.evidence, 8)::bigint END
                                                       AND file.as_of > said.occurred_at)))
                ELSE {SmiStatus.SUSPENDED} IN (hub.smi_status, hub.gpf_status) AND said.entry_status = 'ACTIVE'
                     AND NOT EXISTS (SELECT FROM rollouts_hub_history AS known
                                      WHERE known.guid IN (hub.guid, hub.gpf_guid) AND known.kind = {HistoryKind.STATUS}
                                        AND known.at > said.occurred_at) END
    RETURNING hub.guid, hub.gpf_guid, hub.import_supplier_id, hub.gas_supplier_id, said.alert_id, said.entry_id,
              said.old_entry_id, said.old_status, said.firmware_version, said.is_reading
), changed AS (
    SELECT smi.guid, smi.gpf_guid, smi.alert_id::text AS evidence, entry.firmware_version AS old_version,
           smi.firmware_version AS new_version
      FROM smi JOIN rollouts_cplentry AS entry ON entry.id = smi.old_entry_id
     WHERE smi.old_entry_id <> smi.entry_id
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value, evidence)
    SELECT guid, %(now)s, {HistoryKind.VERSION}, old_version, new_version, evidence FROM changed
     UNION ALL
    SELECT gpf_guid, %(now)s, {HistoryKind.GPF_VERSION}, old_version, new_version, evidence
      FROM changed WHERE gpf_guid IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, {HistoryKind.STATUS}, 'Suspended', 'Commissioned', alert_id::text
      FROM smi WHERE old_status = {SmiStatus.SUSPENDED}
     UNION ALL
    SELECT guid, %(now)s, {HistoryKind.READ}, '',
           CASE WHEN reason = {FailureCode.NONE} THEN firmware_version ELSE 'no answer' END, alert_id::text
      FROM report WHERE is_reading
), answered AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, version_id, kind, code, data)
    SELECT guid, %(now)s, asked_by, entry_id, {EntryKind.HUB_VERSION_READ}, reason,
           jsonb_build_object('firmware_version', firmware_version)
      FROM report WHERE is_reading AND asked_by IN (import_id, gas_id)
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, version_id, kind, code, data)
    SELECT smi.guid, %(now)s, party.id, smi.entry_id, {EntryKind.HUB_ACTIVATED},
           CASE WHEN party.id = smi.import_supplier_id THEN {ActivationCode.IMPORT} ELSE 0 END
           + CASE WHEN party.id = smi.gas_supplier_id THEN {ActivationCode.GAS} ELSE 0 END,
           CASE WHEN changed.guid IS NOT NULL
                THEN jsonb_build_object('previous_version', changed.old_version) END
      FROM smi
      LEFT JOIN changed ON changed.guid = smi.guid
     CROSS JOIN LATERAL (SELECT smi.import_supplier_id UNION SELECT smi.gas_supplier_id) AS party (id)
     WHERE party.id IS NOT NULL
), judged_again AS (
    UPDATE judged_alert
       SET why = CASE WHEN report.entry_id IS NULL THEN 'UNKNOWN_VERSION' END
      FROM report
     WHERE judged_alert.ctid = report.row AND report.reason = {FailureCode.NONE}
)
SELECT (SELECT count(*) FROM said) AS said, (SELECT count(*) FROM smi) AS moved
