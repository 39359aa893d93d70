-- Some hubs of a viewer whose GPF's GUID lies in a range, in the order of those, among the first so many of anybody's.
SELECT h.gpf_guid, h.guid
  FROM (SELECT guid FROM rollouts_hub WHERE gpf_guid BETWEEN %(first)s AND %(last)s
         ORDER BY gpf_guid LIMIT %(bound)s) AS few
  JOIN rollouts_hub AS h ON h.guid = few.guid
 WHERE %(party)s::integer IS NULL OR h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s
 ORDER BY h.gpf_guid
 LIMIT %(size)s
