-- Name the targets of a rollout whose hub has gone or no longer qualifies, and why; no lock is taken.
-- What is under way on a hub is only ended by the hub's going: 60 decommissioned, 61 another device, 65 the rest.
SELECT t.guid
  FROM rollouts_target AS t
  LEFT JOIN rollouts_hub AS h ON h.guid = t.guid
 WHERE t.rollout_id = %(rollout_id)s AND rollouts_stage_of(t.state) < 2
   AND (h.guid IS NULL
        OR h.smi_status IN (5, 6)
        OR h.device_model_id <> %(device_model_id)s
        OR t.state IN (10, 20, 40, 56) AND NOT ({suitable}))
 ORDER BY t.guid
