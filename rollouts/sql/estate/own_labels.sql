-- Count the hubs of each label of an organisation, by name; only those that are its own now.
SELECT l.label, count(h.guid) AS hubs
  FROM rollouts_hublabel AS l
  LEFT JOIN rollouts_hub AS h
    ON h.guid = l.guid AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)
 WHERE l.organisation_id = %(party)s
 GROUP BY l.label ORDER BY l.label
