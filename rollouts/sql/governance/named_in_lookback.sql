-- How many hubs that settled since a moment are named by incidents that count, and how many of those by one in which
-- devices were lost; the rows of incidents are few, so they are where this begins.
WITH named AS (
    SELECT hub.guid, bool_or(incident.han_impact IN ('SOME_DEVICES', 'ALL_DEVICES')) AS lost_devices
      FROM rollouts_incident AS incident
      JOIN rollouts_incident_hub AS hub ON hub.incident_id = incident.id
     WHERE incident.rollout_id = %(rollout_id)s AND incident.status = ANY(%(statuses)s)
       AND (incident.known_issue_id IS NULL OR %(with_known)s
            OR NOT EXISTS (SELECT FROM rollouts_knownissue AS issue
                            WHERE issue.id = incident.known_issue_id AND issue.is_active))
     GROUP BY hub.guid
)
SELECT count(*)::bigint AS hubs, (count(*) FILTER (WHERE named.lost_devices))::bigint AS lost_devices
  FROM named
  JOIN rollouts_target AS target ON target.rollout_id = %(rollout_id)s AND target.guid = named.guid
 WHERE target.state IN ({FAILED_STATES, TargetState.ACTIVATED}) AND target.state_at > %(since)s
   AND (%(batch_id)s::integer IS NULL OR target.batch_id = %(batch_id)s)
