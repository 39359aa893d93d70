-- Name a hub's Suppliers; for the DCC's eyes only.
SELECT coalesce(i.name, '') AS imports, coalesce(g.name, '') AS gas
  FROM rollouts_hub AS h
  LEFT JOIN identity_organisation AS i ON i.id = h.import_supplier_id
  LEFT JOIN identity_organisation AS g ON g.id = h.gas_supplier_id
 WHERE h.guid = %(guid)s
