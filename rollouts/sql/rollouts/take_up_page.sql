-- Take up again, in GUID order, one page of the hubs whose activation was cancelled while their rollout stood: the
-- image is still on them, and they are planned anew. The attempt that was recalled was none: as many are left as before.
WITH page AS (
    SELECT guid
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s AND guid > %(after)s AND state = {TargetState.CANCELLED}
     ORDER BY guid
     LIMIT %(size)s
       FOR NO KEY UPDATE
), taken_up AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.DISTRIBUTED}, code = {FailureCode.NONE}, state_at = %(now)s, command_id = NULL,
           attempts = greatest(target.attempts - 1, 0)
      FROM page
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = page.guid
    RETURNING target.guid
)
SELECT max(guid) AS last_guid, count(*) AS hubs FROM taken_up
