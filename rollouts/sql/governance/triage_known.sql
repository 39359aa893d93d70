-- Count the failures that known issues explain, by where their hubs stand.
SELECT target.batch_id, target.region, coalesce(target.import_supplier_id, 0) AS import_id,
       coalesce(target.gas_supplier_id, 0) AS gas_id, target.from_cpl_entry_id AS version_id, count(*) AS hubs
  FROM rollouts_failure AS failure
  JOIN rollouts_hub AS h ON h.guid = failure.guid
  JOIN rollouts_target AS target ON target.rollout_id = failure.rollout_id AND target.guid = failure.guid
 WHERE failure.rollout_id = %(rollout_id)s AND ({known})
 GROUP BY 1, 2, 3, 4, 5
