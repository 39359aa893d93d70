-- Name the staged hubs that are not the organisation's own, or not there at all.
SELECT s.line_no, s.guid
  FROM rollouts_staged_guid AS s
  LEFT JOIN rollouts_hub AS h
    ON h.guid = s.guid AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)
 WHERE h.guid IS NULL
 ORDER BY s.line_no
