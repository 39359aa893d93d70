-- Select a Supplier's hubs of the safe launch group that meet criteria, each as it was when it joined the rollout:
-- on the version it had then, with the Suppliers of its target.
SELECT h.guid
  FROM (SELECT hub.guid, t.region, hub.smi_status, t.from_cpl_entry_id AS cpl_entry_id, hub.device_model_id,
               t.import_supplier_id, t.gas_supplier_id, hub.installed_on, hub.commissioned_on, hub.han_devices,
               hub.postcode_area
          FROM rollouts_target AS t
          JOIN rollouts_hub AS hub ON hub.guid = t.guid
         WHERE t.rollout_id = %(rollout_id)s
           AND t.batch_id = ANY(%(batches)s::integer[])
           AND (t.import_supplier_id = %(party_id)s OR t.gas_supplier_id = %(party_id)s)
           AND {unsaid}) AS h
 WHERE {condition}
