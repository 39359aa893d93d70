-- All of a Supplier's own hubs in a rollout, in GUID order, as they are written to a file.
SELECT {guid} AS guid,
       CASE WHEN t.import_supplier_id = t.gas_supplier_id THEN 'BOTH'
            WHEN t.import_supplier_id = %(party)s THEN 'IMPORT' ELSE 'GAS' END AS role,
       CASE WHEN t.import_supplier_id <> t.gas_supplier_id THEN 'yes' ELSE 'no' END AS has_second_supplier,
       {region} AS region,
       e.firmware_version AS firmware_version,
       {answer} AS answer,
       {instant_requested} AS requested_at,
       CASE WHEN t.import_supplier_id <> t.gas_supplier_id THEN
            CASE WHEN CASE WHEN t.import_supplier_id = %(party)s THEN t.gas_answer ELSE t.import_answer END > 0
                 THEN 'yes' ELSE 'no' END ELSE '' END AS second_has_answered,
       {instant_effective} AS effective_at,
       {consent} AS consent,
       {state} AS state,
       {code} AS reason
  FROM rollouts_target AS t
  JOIN rollouts_hub AS h ON h.guid = t.guid
  JOIN rollouts_cplentry AS e ON e.id = h.cpl_entry_id
 WHERE t.rollout_id = %(rollout_id)s AND t.state <> {TargetState.WITHDRAWN}
   AND (t.import_supplier_id = %(party)s AND h.import_supplier_id = %(party)s
        OR t.gas_supplier_id = %(party)s AND h.gas_supplier_id = %(party)s)
   AND (%(region)s::int IS NULL OR h.region = %(region)s)
   AND (%(answer)s::int IS NULL
        OR CASE WHEN t.import_supplier_id = %(party)s THEN t.import_answer ELSE t.gas_answer END = %(answer)s)
   AND (%(instruction_id)s::int IS NULL
        OR CASE WHEN t.import_supplier_id = %(party)s THEN t.import_instruction_id
                ELSE t.gas_instruction_id END = %(instruction_id)s)
 ORDER BY t.guid
