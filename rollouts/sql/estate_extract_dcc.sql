-- The whole estate, or part of it, as it is written to a file for the DCC: with the Suppliers.
-- What a spreadsheet would take for a formula gets an apostrophe, once a name.
WITH models AS MATERIALIZED (
    SELECT id, {safe_manufacturer} AS manufacturer, {safe_model} AS model
      FROM rollouts_devicemodel
), entries AS MATERIALIZED (
    SELECT id, {safe_firmware_version} AS version FROM rollouts_cplentry
), names AS MATERIALIZED (
    SELECT id, {safe_name} AS name FROM rollouts_rollout WHERE id = ANY(%(rollouts)s)
), parties AS MATERIALIZED (
    SELECT id, {safe_name} AS name FROM identity_organisation
)
SELECT {guid} AS guid, {gpf} AS gpf_guid, m.manufacturer, m.model, e.version, {region} AS region, {status} AS status,
       i.name AS import_supplier, g.name AS gas_supplier, CASE WHEN w.is_split THEN 'yes' ELSE 'no' END AS second_supplier, w.commissioned_on,
       r.name AS rollout, {state} AS state,
       to_char(t.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS effective_at
  FROM ({walks}) AS w
  JOIN models AS m ON m.id = w.device_model_id
  JOIN entries AS e ON e.id = w.cpl_entry_id
  LEFT JOIN parties AS i ON i.id = w.import_supplier_id
  LEFT JOIN parties AS g ON g.id = w.gas_supplier_id
  LEFT JOIN rollouts_target AS t
         ON t.guid = w.guid AND t.rollout_id = ANY(%(rollouts)s) AND t.state <> 90
            AND rollouts_stage_of(t.state) = ANY(%(stages)s) {own_place}
  LEFT JOIN names AS r ON r.id = t.rollout_id
 WHERE {condition}
