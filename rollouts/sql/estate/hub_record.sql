-- One hub's record, for those who may see it: its Suppliers, the CSP of its region, the DCC. Of its Suppliers it says
-- the viewer's own role, and whether there is a second one.
SELECT h.guid, h.gpf_guid, h.device_model_id, h.region, h.smi_status, h.gpf_status, h.commissioned_on, h.installed_on,
       h.han_devices, h.postcode_area, m.manufacturer, m.model, m.hardware_version, m.band, e.firmware_version,
       e.status AS cpl_status, ge.firmware_version AS gpf_version, v.last_alert_at,
       CASE WHEN h.import_supplier_id = %(party)s AND h.gas_supplier_id = %(party)s THEN 'BOTH'
            WHEN h.import_supplier_id = %(party)s THEN 'IMPORT'
            WHEN h.gas_supplier_id = %(party)s THEN 'GAS' ELSE '' END AS role,
       coalesce(h.import_supplier_id <> h.gas_supplier_id, false) AS is_split
  FROM rollouts_hub AS h
  JOIN rollouts_devicemodel AS m ON m.id = h.device_model_id
  JOIN rollouts_cplentry AS e ON e.id = h.cpl_entry_id
  LEFT JOIN rollouts_cplentry AS ge ON ge.id = h.gpf_cpl_entry_id
  LEFT JOIN rollouts_hubvolatile AS v ON v.guid = h.guid
 WHERE h.guid = %(guid)s
   AND (%(sees_all)s OR h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s
        OR h.region = ANY(%(served)s::int[]))
