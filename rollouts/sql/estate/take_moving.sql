-- Take the next hubs whose Suppliers a file has changed, in GUID order.
DELETE FROM rollouts_moving_hub
 WHERE guid IN (SELECT guid FROM rollouts_moving_hub ORDER BY guid LIMIT %(size)s)
RETURNING guid, import_supplier_id, gas_supplier_id
