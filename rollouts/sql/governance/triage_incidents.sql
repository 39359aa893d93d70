-- Count the hubs that incidents of a rollout name, each once, by where they stand, and whether they had been upgraded when
-- the first of those incidents was raised. The rows of incidents are few, so they are where this begins.
WITH named AS (
    SELECT hub.guid, min(incident.raised_at) AS raised_at, array_agg(DISTINCT incident.id) AS incidents,
           bool_or(incident.han_impact IN ('SOME_DEVICES', 'ALL_DEVICES')) AS lost_devices
      FROM rollouts_incident AS incident
      JOIN rollouts_incident_hub AS hub ON hub.incident_id = incident.id
     WHERE incident.rollout_id = %(rollout_id)s AND incident.status = ANY(%(statuses)s)
     GROUP BY hub.guid
), placed AS (
    SELECT target.batch_id, target.region, coalesce(target.import_supplier_id, 0) AS import_id,
           coalesce(target.gas_supplier_id, 0) AS gas_id, target.from_cpl_entry_id AS version_id,
           target.state = {TargetState.ACTIVATED} AND target.state_at <= named.raised_at AS is_upgraded,
           named.lost_devices, named.incidents
      FROM named
      JOIN rollouts_target AS target ON target.rollout_id = %(rollout_id)s AND target.guid = named.guid
)
SELECT batch_id, region, import_id, gas_id, version_id, is_upgraded, lost_devices, count(*) AS hubs,
       (SELECT array_agg(DISTINCT each) FROM unnest(string_to_array(string_agg(array_to_string(incidents, ','), ','),
                                                                    ',')) AS each)::integer[] AS incidents
  FROM placed
 GROUP BY 1, 2, 3, 4, 5, 6, 7
