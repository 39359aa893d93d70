-- A page of the hubs an incident names, in GUID order, with where each stands in the rollout. A Supplier's own list stays as
-- it was written; where a hub stands it is told only of those it answers for today (R3.11).
-- Moments are told to a Supplier to the minute: what a second Supplier answers at once would share one microsecond.
SELECT named.guid, target.region, target.state, target.code,
       CASE WHEN %(party)s::integer IS NULL THEN target.state_at ELSE date_trunc('minute', target.state_at) END AS state_at
  FROM rollouts_incident_hub AS named
  LEFT JOIN rollouts_hub AS hub
         ON hub.guid = named.guid
        AND (%(party)s::integer IS NULL OR hub.import_supplier_id = %(party)s OR hub.gas_supplier_id = %(party)s)
  LEFT JOIN rollouts_target AS target ON target.rollout_id = %(rollout_id)s AND target.guid = hub.guid
 WHERE named.incident_id = %(incident_id)s AND named.guid > %(after)s
 ORDER BY named.guid
 LIMIT %(size)s
