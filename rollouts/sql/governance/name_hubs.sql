-- Put the hubs that are chosen into an incident: those with a place in its rollout, and of a Supplier only its own as the
-- inventory has it at this moment.
INSERT INTO rollouts_incident_hub (incident_id, guid)
SELECT %(incident_id)s, t.guid
  FROM rollouts_target AS t
  JOIN rollouts_hub AS h ON h.guid = t.guid
 WHERE t.rollout_id = %(rollout_id)s
   AND (%(party_id)s::integer IS NULL OR h.import_supplier_id = %(party_id)s OR h.gas_supplier_id = %(party_id)s)
   AND {chosen}
 ORDER BY t.guid
