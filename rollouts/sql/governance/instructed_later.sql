-- Count for each Supplier its hubs that are not settled and would activate later than a moment by an instruction: they
-- would activate then, were it the automatic time. Party 0 counts every hub once. Batches with a time of their own that
-- is earlier keep it.
WITH later AS (
    SELECT t.import_supplier_id AS imports, t.gas_supplier_id AS gas
      FROM rollouts_target AS t
     WHERE t.rollout_id = %(rollout_id)s AND t.state IN ({UNSETTLED_STATES}) AND t.effective_at > %(at)s
       AND (t.import_answer = {Answer.INSTRUCTED} OR t.gas_answer = {Answer.INSTRUCTED})
)
SELECT party, count(*) AS hubs
  FROM (SELECT 0 AS party FROM later
         UNION ALL
        SELECT imports FROM later
         UNION ALL
        SELECT gas FROM later WHERE gas IS DISTINCT FROM imports) AS counted
 WHERE party IS NOT NULL
 GROUP BY party
 ORDER BY party
