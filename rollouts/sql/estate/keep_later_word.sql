-- Let hubs keep the version that they themselves have named since the file was made: an inventory that is older than
-- the hub's word does not turn it back, nor the status that an activation has cured. Gives back the lines that differ.
WITH word AS MATERIALIZED (
    SELECT DISTINCT s.guid, s.line_no, s.cpl_entry_id AS said_entry_id, h.cpl_entry_id, h.gpf_guid, h.gpf_cpl_entry_id,
           h.smi_status, entry.firmware_version
      FROM rollouts_staged_hub AS s
      JOIN rollouts_hub AS h ON h.guid = s.guid AND h.device_model_id = s.device_model_id
      JOIN rollouts_cplentry AS entry ON entry.id = h.cpl_entry_id
      JOIN rollouts_csp_alert AS alert ON alert.guid = h.guid
     WHERE h.cpl_entry_id <> s.cpl_entry_id
       AND alert.occurred_at > %(as_of)s
       AND alert.code IN ({AlertCode.CS06_RESPONSE, AlertCode.ACTIVATED, AlertCode.READ_RESULT})
       AND alert.reason = {FailureCode.NONE}
       AND alert.firmware_version = entry.firmware_version
), kept AS (
    UPDATE rollouts_staged_hub AS s
       SET cpl_entry_id = word.cpl_entry_id,
           gpf_cpl_entry_id = CASE WHEN s.gpf_guid IS NOT DISTINCT FROM word.gpf_guid THEN word.gpf_cpl_entry_id
                                   ELSE s.gpf_cpl_entry_id END,
           smi_status = CASE WHEN s.smi_status = {SmiStatus.SUSPENDED} AND word.smi_status = {SmiStatus.COMMISSIONED}
                             THEN word.smi_status ELSE s.smi_status END
      FROM word
     WHERE s.guid = word.guid
)
SELECT word.line_no, word.guid, said.firmware_version AS said, word.firmware_version AS kept,
       word.said_entry_id, word.cpl_entry_id AS kept_entry_id
  FROM word JOIN rollouts_cplentry AS said ON said.id = word.said_entry_id
 ORDER BY word.line_no
