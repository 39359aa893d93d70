-- The next hubs that meet a condition, in the order of GUIDs, among the first so many of some walks.
SELECT n.*, m.manufacturer, m.model, e.firmware_version{names}
  FROM (SELECT w.* FROM ({walks} ORDER BY guid {order} LIMIT %(bound)s) AS w
         WHERE {condition} ORDER BY w.guid {order} LIMIT %(size)s) AS n
  JOIN rollouts_devicemodel AS m ON m.id = n.device_model_id
  JOIN rollouts_cplentry AS e ON e.id = n.cpl_entry_id
 ORDER BY n.guid {order}
