-- Readings of the firmware version (SR 11.2): the SMI is corrected where it differs, and the answer goes to
-- whoever asked, if still responsible for the hub. A version that is on no list of its model changes nothing; nor does
-- one that was read before the hub, or a later inventory file, said what the SMI holds now (its clock may be ahead of
-- ours, by a day at most).
WITH read AS (
    SELECT judged.guid, judged.alert_id, judged.asked_by, judged.reason, judged.occurred_at, judged.firmware_version,
           judged.old_entry_id, entry.id AS entry_id, judged.import_id, judged.gas_id
      FROM judged_alert AS judged
      LEFT JOIN rollouts_cplentry AS entry
        ON entry.device_model_id = judged.device_model_id AND entry.firmware_version = judged.firmware_version
     WHERE judged.code = {AlertCode.READ_RESULT} AND judged.why IS NULL
), said AS (
    -- The last of each hub that says something.
    SELECT DISTINCT ON (guid) * FROM read
     WHERE reason = {FailureCode.NONE} AND entry_id IS NOT NULL
     ORDER BY guid, occurred_at DESC
), smi AS (
    UPDATE rollouts_hub AS hub
       SET cpl_entry_id = said.entry_id,
           gpf_cpl_entry_id = CASE WHEN hub.gpf_guid IS NULL THEN hub.gpf_cpl_entry_id ELSE said.entry_id END
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
                                                       AND file.as_of > said.occurred_at))) END
    RETURNING hub.guid, said.alert_id, said.old_entry_id, said.firmware_version
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value, evidence)
    SELECT smi.guid, %(now)s, {HistoryKind.VERSION}, entry.firmware_version, smi.firmware_version, smi.alert_id::text
      FROM smi JOIN rollouts_cplentry AS entry ON entry.id = smi.old_entry_id
     UNION ALL
    SELECT guid, %(now)s, {HistoryKind.READ}, '',
           CASE WHEN reason = {FailureCode.NONE} THEN firmware_version ELSE 'no answer' END, alert_id::text
      FROM read
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, version_id, kind, code, data)
    SELECT guid, %(now)s, asked_by, entry_id, {EntryKind.HUB_VERSION_READ}, reason,
           jsonb_build_object('firmware_version', firmware_version)
      FROM read WHERE asked_by IN (import_id, gas_id)
), strange AS (
    UPDATE judged_alert SET why = 'OTHER_VERSION'
      FROM read
     WHERE read.alert_id = judged_alert.alert_id AND read.reason = {FailureCode.NONE} AND read.entry_id IS NULL
)
SELECT count(*) AS said, (SELECT count(*) FROM smi) AS moved FROM read
