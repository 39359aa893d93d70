-- Count the hubs of a rollout that left service since its notice (status no longer Commissioned, or exchanged): those
-- that ran the new firmware by then, and the others. History is the smaller side.
SELECT count(*) FILTER (WHERE target.state = {TargetState.ACTIVATED} AND target.state_at <= fallen.at) AS upgraded,
       count(*) FILTER (WHERE NOT (target.state = {TargetState.ACTIVATED} AND target.state_at <= fallen.at)) AS others
  FROM (SELECT guid, min(at) AS at
          FROM rollouts_hub_history
         WHERE at >= %(since)s AND (kind = {HistoryKind.EXCHANGED}
               OR kind = {HistoryKind.STATUS} AND new_value NOT IN ('Commissioned', 'Recovered'))
         GROUP BY guid) AS fallen
  JOIN rollouts_target AS target ON target.rollout_id = %(rollout_id)s AND target.guid = fallen.guid
