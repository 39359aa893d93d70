-- Count for each Supplier its own hubs among the named ones of a pilot, those it shares, and those that wait for it.
WITH members AS (
    SELECT import_supplier_id AS imports, gas_supplier_id AS gas, import_answer, gas_answer, consent
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s AND guid = ANY(%(guids)s)
), parts AS (
    SELECT imports AS party, imports <> gas AS is_split,
           consent < {Consent.COMPLETE} AND import_answer = {Answer.NONE} AS is_awaited FROM members
     UNION ALL
    SELECT gas, imports IS NOT NULL, consent < {Consent.COMPLETE} AND gas_answer = {Answer.NONE} FROM members
     WHERE gas IS DISTINCT FROM imports
)
SELECT party, count(*) AS hubs, count(*) FILTER (WHERE is_split) AS split,
       count(*) FILTER (WHERE is_awaited) AS awaited
  FROM parts WHERE party IS NOT NULL
 GROUP BY party ORDER BY party
