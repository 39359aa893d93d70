-- The next hubs that meet a condition, in the order of GUIDs, from one scan of all. The sum keeps the planner from
-- another walk: in this order it may read the table as it lies.
SELECT n.*, m.manufacturer, m.model, e.firmware_version{names}
  FROM (SELECT w.* FROM ({walks}) AS w WHERE {condition} ORDER BY w.guid + 0 {order} LIMIT %(size)s) AS n
  JOIN rollouts_devicemodel AS m ON m.id = n.device_model_id
  JOIN rollouts_cplentry AS e ON e.id = n.cpl_entry_id
 ORDER BY n.guid {order}
