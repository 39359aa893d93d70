-- Keep the version a hub confirmed after the file was made: an older inventory does not overwrite it, nor the status
-- that an activation restored. Returns the lines that differ.
WITH confirmed AS MATERIALIZED (
    SELECT DISTINCT s.guid, s.line_no, s.cpl_entry_id AS file_entry_id, h.cpl_entry_id, h.gpf_guid, h.gpf_cpl_entry_id,
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
), staged AS (
    UPDATE rollouts_staged_hub AS s
       SET cpl_entry_id = confirmed.cpl_entry_id,
           gpf_cpl_entry_id = CASE WHEN s.gpf_guid IS NOT DISTINCT FROM confirmed.gpf_guid THEN confirmed.gpf_cpl_entry_id
                                   ELSE s.gpf_cpl_entry_id END,
           smi_status = CASE WHEN s.smi_status = {SmiStatus.SUSPENDED} AND confirmed.smi_status = {SmiStatus.COMMISSIONED}
                             THEN confirmed.smi_status ELSE s.smi_status END
      FROM confirmed
     WHERE s.guid = confirmed.guid
)
SELECT confirmed.line_no, confirmed.guid, file_entry.firmware_version AS file_version, confirmed.firmware_version AS hub_version,
       confirmed.file_entry_id, confirmed.cpl_entry_id AS hub_entry_id
  FROM confirmed JOIN rollouts_cplentry AS file_entry ON file_entry.id = confirmed.file_entry_id
 ORDER BY confirmed.line_no
