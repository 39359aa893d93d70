-- Every hub as it now stands, as a line of an inventory file.
SELECT {guid} AS guid, coalesce({gpf_guid}, '') AS gpf_guid,
       m.manufacturer, m.model, m.hardware_version, e.firmware_version,
       coalesce(g.firmware_version, '') AS gpf_firmware_version,
       {region} AS region, {smi_status} AS smi_status, {gpf_status} AS gpf_status,
       {import_mpid} AS import_mpid, {gas_code} AS gas_code,
       coalesce(h.commissioned_on::text, '') AS commissioned_on,
       coalesce(h.installed_on::text, '') AS installed_on,
       h.han_devices, h.postcode_area
  FROM rollouts_hub AS h
  JOIN rollouts_devicemodel AS m ON m.id = h.device_model_id
  JOIN rollouts_cplentry AS e ON e.id = h.cpl_entry_id
  LEFT JOIN rollouts_cplentry AS g ON g.id = h.gpf_cpl_entry_id
 ORDER BY h.guid
