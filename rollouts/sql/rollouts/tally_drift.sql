-- Recount a rollout's targets and compare with both tallies, in one snapshot; 0 and 0 when they agree.
WITH counted AS (
    SELECT batch_id, coalesce(import_supplier_id, 0) AS import_id, coalesce(gas_supplier_id, 0) AS gas_id, region,
           state, code, consent,
           (import_answer > {Answer.NONE})::int + {SupplierRole.GAS} * (gas_answer > {Answer.NONE})::int AS answered,
           (effective_at AT TIME ZONE 'Europe/London')::date AS effective_day, rollouts_stage_of(state) AS stage, count(*) AS n
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
), state_drift AS (
    SELECT sum(n) AS off
      FROM (SELECT batch_id, import_id, gas_id, region, state, code, n FROM counted
             UNION ALL
            SELECT batch_id, import_supplier_id, gas_supplier_id, region, state, code, -n FROM rollouts_tally_state
             WHERE rollout_id = %(rollout_id)s) AS both_sides
     GROUP BY batch_id, import_id, gas_id, region, state, code
), plan_drift AS (
    SELECT sum(n) AS off
      FROM (SELECT batch_id, import_id, gas_id, region, consent, answered, effective_day, stage, n FROM counted
             UNION ALL
            SELECT batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage, -n
              FROM rollouts_tally_plan WHERE rollout_id = %(rollout_id)s) AS both_sides
     GROUP BY batch_id, import_id, gas_id, region, consent, answered, effective_day, stage
)
SELECT coalesce((SELECT sum(abs(off)) FROM state_drift), 0)::bigint AS state,
       coalesce((SELECT sum(abs(off)) FROM plan_drift), 0)::bigint AS plan
