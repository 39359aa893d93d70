-- Give hubs their new Suppliers, keep the history, and tell who gained and who lost each: neither is told who
-- the other is. What already stands so is left alone, so running it again changes nothing.
WITH was AS MATERIALIZED (
    SELECT h.guid, h.import_supplier_id AS old_import_id, h.gas_supplier_id AS old_gas_id, c.import_id, c.gas_id
      FROM rollouts_staged_supplier AS c
      JOIN rollouts_hub AS h ON h.guid = c.guid
     WHERE h.import_supplier_id IS DISTINCT FROM c.import_id OR h.gas_supplier_id IS DISTINCT FROM c.gas_id
     ORDER BY h.guid
       FOR NO KEY UPDATE OF h
), changed AS (
    UPDATE rollouts_hub AS h
       SET import_supplier_id = was.import_id, gas_supplier_id = was.gas_id
      FROM was
     WHERE h.guid = was.guid
), kept AS (
    INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value, evidence)
    SELECT guid, %(effective_at)s, %(import_kind)s, coalesce(old_import_id::text, ''), coalesce(import_id::text, ''),
           %(evidence)s
      FROM was WHERE old_import_id IS DISTINCT FROM import_id
     UNION ALL
    SELECT guid, %(effective_at)s, %(gas_kind)s, coalesce(old_gas_id::text, ''), coalesce(gas_id::text, ''),
           %(evidence)s
      FROM was WHERE old_gas_id IS DISTINCT FROM gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, kind, data)
    SELECT guid, %(now)s, party_id, kind,
           jsonb_build_object('role', CASE role WHEN {SupplierRole.BOTH} THEN 'both'
                                                   WHEN {SupplierRole.GAS} THEN 'gas' ELSE 'import' END)
      FROM (SELECT guid, party_id, %(lost)s AS kind, sum(role) AS role
              FROM (SELECT guid, old_import_id AS party_id, {SupplierRole.IMPORT} AS role FROM was
                     WHERE old_import_id IS DISTINCT FROM import_id AND old_import_id IS DISTINCT FROM gas_id
                     UNION ALL
                    SELECT guid, old_gas_id, {SupplierRole.GAS} FROM was
                     WHERE old_gas_id IS DISTINCT FROM import_id AND old_gas_id IS DISTINCT FROM gas_id) AS losing
             WHERE party_id IS NOT NULL GROUP BY guid, party_id
             UNION ALL
            SELECT guid, party_id, %(gained)s, sum(role)
              FROM (SELECT guid, import_id AS party_id, {SupplierRole.IMPORT} AS role FROM was
                     WHERE import_id IS DISTINCT FROM old_import_id AND import_id IS DISTINCT FROM old_gas_id
                     UNION ALL
                    SELECT guid, gas_id, {SupplierRole.GAS} FROM was
                     WHERE gas_id IS DISTINCT FROM old_import_id AND gas_id IS DISTINCT FROM old_gas_id) AS gaining
             WHERE party_id IS NOT NULL GROUP BY guid, party_id) AS news
     ORDER BY guid, kind, party_id
)
SELECT (SELECT count(*) FROM was) AS changed,
       (SELECT count(*) FROM rollouts_staged_supplier AS c
         WHERE NOT EXISTS (SELECT FROM rollouts_hub AS h WHERE h.guid = c.guid)) AS unknown
