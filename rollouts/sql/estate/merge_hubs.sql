-- Bring known hubs up to date and add new ones, with the history of versions and statuses, in GUID order. Hubs
-- whose Suppliers differ are set aside: their targets come first, in transactions of their own.
WITH known AS MATERIALIZED (
    SELECT s.guid, h.gpf_guid AS old_gpf, h.cpl_entry_id AS old_entry, h.gpf_cpl_entry_id AS old_gpf_entry,
           h.smi_status AS old_status, s.gpf_guid, s.device_model_id, s.cpl_entry_id, s.gpf_cpl_entry_id,
           s.commissioned_on, s.installed_on, s.region, s.smi_status, s.gpf_status, s.han_devices, s.postcode_area
      FROM rollouts_staged_hub AS s
      JOIN rollouts_hub AS h ON h.guid = s.guid
     WHERE (h.gpf_guid, h.device_model_id, h.cpl_entry_id, h.gpf_cpl_entry_id, h.commissioned_on, h.installed_on,
            h.region, h.smi_status, h.gpf_status, h.han_devices, h.postcode_area)
           IS DISTINCT FROM
           (s.gpf_guid, s.device_model_id, s.cpl_entry_id, s.gpf_cpl_entry_id, s.commissioned_on, s.installed_on,
            s.region, s.smi_status, s.gpf_status, s.han_devices, s.postcode_area)
     ORDER BY h.guid
       FOR NO KEY UPDATE OF h
), changed AS (
    UPDATE rollouts_hub AS h
       SET gpf_guid = k.gpf_guid, device_model_id = k.device_model_id, cpl_entry_id = k.cpl_entry_id,
           gpf_cpl_entry_id = k.gpf_cpl_entry_id, commissioned_on = k.commissioned_on,
           installed_on = k.installed_on, region = k.region, smi_status = k.smi_status, gpf_status = k.gpf_status,
           han_devices = k.han_devices, postcode_area = k.postcode_area
      FROM known AS k
     WHERE h.guid = k.guid
), fresh AS (
    INSERT INTO rollouts_hub (guid, gpf_guid, device_model_id, cpl_entry_id, gpf_cpl_entry_id, import_supplier_id,
                              gas_supplier_id, commissioned_on, installed_on, region, smi_status, gpf_status,
                              han_devices, postcode_area)
    SELECT s.guid, s.gpf_guid, s.device_model_id, s.cpl_entry_id, s.gpf_cpl_entry_id, s.import_supplier_id,
           s.gas_supplier_id, s.commissioned_on, s.installed_on, s.region, s.smi_status, s.gpf_status,
           s.han_devices, s.postcode_area
      FROM rollouts_staged_hub AS s
     WHERE NOT EXISTS (SELECT FROM rollouts_hub AS h WHERE h.guid = s.guid)
     ORDER BY s.guid
    RETURNING guid
), moving AS (
    INSERT INTO rollouts_moving_hub (guid, import_supplier_id, gas_supplier_id)
    SELECT s.guid, s.import_supplier_id, s.gas_supplier_id
      FROM rollouts_staged_hub AS s
      JOIN rollouts_hub AS h ON h.guid = s.guid
     WHERE (h.import_supplier_id, h.gas_supplier_id)
           IS DISTINCT FROM (s.import_supplier_id, s.gas_supplier_id)
    RETURNING guid
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value, evidence)
    SELECT k.guid, %(now)s, %(version_kind)s, old.firmware_version, new.firmware_version, %(evidence)s
      FROM known AS k
      JOIN rollouts_cplentry AS old ON old.id = k.old_entry
      JOIN rollouts_cplentry AS new ON new.id = k.cpl_entry_id
     WHERE k.old_entry <> k.cpl_entry_id
     UNION ALL
    SELECT k.gpf_guid, %(now)s, %(gpf_version_kind)s, old.firmware_version, new.firmware_version, %(evidence)s
      FROM known AS k
      JOIN rollouts_cplentry AS old ON old.id = k.old_gpf_entry
      JOIN rollouts_cplentry AS new ON new.id = k.gpf_cpl_entry_id
     WHERE k.old_gpf_entry <> k.gpf_cpl_entry_id AND k.gpf_guid = k.old_gpf
     UNION ALL
    SELECT k.guid, %(now)s, %(status_kind)s, (%(status_names)s::text[])[k.old_status],
           (%(status_names)s::text[])[k.smi_status], %(evidence)s
      FROM known AS k
     WHERE k.old_status <> k.smi_status
     UNION ALL
    SELECT k.guid, %(now)s, %(exchanged_kind)s, coalesce({old_gpf}, ''), coalesce({new_gpf}, ''),
           %(evidence)s
      FROM known AS k
     WHERE k.old_gpf IS DISTINCT FROM k.gpf_guid
)
SELECT (SELECT count(*) FROM known) AS changed, (SELECT count(*) FROM fresh) AS added,
       (SELECT count(*) FROM moving) AS moving,
       (SELECT count(*) FROM rollouts_staged_hub) - (SELECT count(*) FROM known) - (SELECT count(*) FROM fresh)
       AS unchanged
