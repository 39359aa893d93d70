-- Withdraw one page of an ended rollout's targets on whose hubs nothing is about to happen, in GUID order, and let go
-- of those hubs. Only what may still activate stays (sent, or being cancelled), and what is settled.
WITH page AS (
    SELECT guid
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s AND guid > %(after)s AND state IN ({CHANGEABLE_STATES})
     ORDER BY guid
     LIMIT %(size)s
       FOR NO KEY UPDATE
), voided AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.WITHDRAWN}, code = %(code)s, state_at = %(now)s
      FROM page
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = page.guid
    RETURNING target.guid
), freed AS (
    -- A list, not a join: see Note [The planner sees the last ANALYZE].
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM voided))
)
SELECT max(guid) AS last_guid, count(*) AS hubs FROM voided
