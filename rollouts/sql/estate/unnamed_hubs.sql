-- Say of each staged GUID that is not in an incident why. A hub of another Supplier and one nobody knows read the same.
SELECT s.guid, s.line_no,
       CASE WHEN own.guid IS NOT NULL THEN 'NOT_IN_ROLLOUT'
            WHEN gpf.guid IS NOT NULL THEN 'NOT_A_CHF'
            ELSE 'UNKNOWN_DEVICE' END AS reason,
       gpf.guid AS chf_guid
  FROM rollouts_staged_guid AS s
  LEFT JOIN rollouts_hub AS own
         ON own.guid = s.guid
        AND (%(party_id)s::integer IS NULL
             OR own.import_supplier_id = %(party_id)s OR own.gas_supplier_id = %(party_id)s)
  LEFT JOIN rollouts_hub AS gpf
         ON gpf.gpf_guid = s.guid
        AND (%(party_id)s::integer IS NULL
             OR gpf.import_supplier_id = %(party_id)s OR gpf.gas_supplier_id = %(party_id)s)
 WHERE NOT EXISTS (SELECT FROM rollouts_incident_hub AS named
                    WHERE named.incident_id = %(incident_id)s AND named.guid = s.guid)
 ORDER BY s.line_no
