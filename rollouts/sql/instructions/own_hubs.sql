-- Staged GUIDs (s), and which are the party's own hubs (`coalesce(i.guid, g.guid)`): each is looked for in the party's own
-- part of the keys by Supplier, where another's hub is no more to be found than none.
{staged} AS s
LEFT JOIN rollouts_hub AS i ON i.import_supplier_id = %(party_id)s AND i.guid = s.guid
LEFT JOIN rollouts_hub AS g ON g.gas_supplier_id = %(party_id)s AND g.guid = s.guid
                           AND (g.import_supplier_id IS NULL OR g.gas_supplier_id <> g.import_supplier_id)
