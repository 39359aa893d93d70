-- Let the named targets stand in the region of their hubs, in GUID order: commands go through the CSP that serves it.
-- Where nobody serves it, what has begun on a hub goes on through the CSP with which it began.
WITH stray AS (
    SELECT t.guid, h.region
      FROM rollouts_target AS t
      JOIN rollouts_hub AS h ON h.guid = t.guid
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = ANY(%(guids)s) AND t.region <> h.region
       AND rollouts_stage_of(t.state) < {SETTLED}
       AND (t.state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})
            OR h.region IN (SELECT region FROM rollouts_cspchannel))
     ORDER BY t.guid
       FOR NO KEY UPDATE OF t
)
UPDATE rollouts_target AS t
   SET region = stray.region
  FROM stray
 WHERE t.rollout_id = %(rollout_id)s AND t.guid = stray.guid
