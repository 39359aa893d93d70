-- A piece: the names of the two Suppliers of the hubs of a page (`n`); for the DCC's eyes only.
, coalesce((SELECT o.name FROM identity_organisation AS o WHERE o.id = n.import_supplier_id), '') AS import_supplier,
  coalesce((SELECT o.name FROM identity_organisation AS o WHERE o.id = n.gas_supplier_id), '') AS gas_supplier
