-- One page of a Supplier's own hubs in a rollout, in GUID order, after a place: two ordered walks of the Supplier's
-- own indexes, merged. Of a second Supplier it says that there is one, and whether it has answered.
SELECT page.*, e.firmware_version AS version
  FROM ((SELECT h.guid, CASE WHEN h.gas_supplier_id = %(party)s THEN 'BOTH' ELSE 'IMPORT' END AS role,
                coalesce(h.gas_supplier_id <> h.import_supplier_id, false) AS is_split, h.cpl_entry_id, h.region,
                t.import_answer AS answer, t.import_time AS requested_at, t.gas_answer > {Answer.NONE} AS second_has,
                t.consent, t.effective_at, t.state, t.code
           FROM rollouts_hub AS h
           JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = h.guid
          WHERE h.import_supplier_id = %(party)s AND h.guid > %(after)s
            AND t.import_supplier_id = %(party)s AND t.guid > %(after)s AND t.state <> {TargetState.WITHDRAWN}
            AND (%(region)s::int IS NULL OR h.region = %(region)s) AND (%(answer)s::int IS NULL OR t.import_answer = %(answer)s)
            AND (%(instruction_id)s::int IS NULL OR t.import_instruction_id = %(instruction_id)s)
          ORDER BY h.guid
          LIMIT %(size)s)
         UNION ALL
        (SELECT h.guid, 'GAS', h.import_supplier_id IS NOT NULL, h.cpl_entry_id, h.region,
                t.gas_answer, t.gas_time, t.import_answer > {Answer.NONE},
                t.consent, t.effective_at, t.state, t.code
           FROM rollouts_hub AS h
           JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = h.guid
          WHERE h.gas_supplier_id = %(party)s AND h.guid > %(after)s
            AND (h.import_supplier_id IS NULL OR NOT (h.gas_supplier_id = h.import_supplier_id))
            AND t.gas_supplier_id = %(party)s AND t.guid > %(after)s AND t.state <> {TargetState.WITHDRAWN}
            AND (%(region)s::int IS NULL OR h.region = %(region)s) AND (%(answer)s::int IS NULL OR t.gas_answer = %(answer)s)
            AND (%(instruction_id)s::int IS NULL OR t.gas_instruction_id = %(instruction_id)s)
          ORDER BY h.guid
          LIMIT %(size)s)) AS page
  JOIN rollouts_cplentry AS e ON e.id = page.cpl_entry_id
 ORDER BY page.guid
 LIMIT %(size)s
