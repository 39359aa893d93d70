-- Put a label on the staged hubs that are the organisation's own.
INSERT INTO rollouts_hublabel (organisation_id, label, guid)
SELECT %(party)s, %(label)s, h.guid
  FROM rollouts_staged_guid AS s
  JOIN rollouts_hub AS h ON h.guid = s.guid
 WHERE h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s
ON CONFLICT DO NOTHING
