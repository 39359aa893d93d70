-- A page of the hubs an incident names, in GUID order, with where each stands in the rollout.
SELECT named.guid, target.region, target.state, target.code, target.state_at
  FROM rollouts_incident_hub AS named
  LEFT JOIN rollouts_target AS target ON target.rollout_id = %(rollout_id)s AND target.guid = named.guid
 WHERE named.incident_id = %(incident_id)s AND named.guid > %(after)s
 ORDER BY named.guid
 LIMIT %(size)s
