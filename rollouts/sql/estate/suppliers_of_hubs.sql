-- Read the Suppliers of some hubs.
SELECT guid, import_supplier_id, gas_supplier_id FROM rollouts_hub WHERE guid = ANY(%(guids)s)
