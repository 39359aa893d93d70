-- Name the rollouts whose tallies hold more rows than keys, by more than the slack.
SELECT rollout_id
  FROM (SELECT rollout_id, count(*) AS n,
               count(DISTINCT (batch_id, import_supplier_id, gas_supplier_id, region, state, code)) AS keys
          FROM rollouts_tally_state GROUP BY rollout_id
         UNION ALL
        SELECT rollout_id, count(*),
               count(DISTINCT (batch_id, import_supplier_id, gas_supplier_id, region, consent, answered,
                               effective_day, stage))
          FROM rollouts_tally_plan GROUP BY rollout_id) AS held
 GROUP BY rollout_id
HAVING max(n - keys) > %(slack)s
 ORDER BY rollout_id
