-- Count the targets of a partition that has no triggers yet into both tallies, in one pass.
WITH counted AS MATERIALIZED (
    SELECT coalesce(import_supplier_id, 0) AS imports, coalesce(gas_supplier_id, 0) AS gas, region, consent, state,
           count(*) AS n
      FROM {partition}
     GROUP BY import_supplier_id, gas_supplier_id, region, consent, state
), states AS (
    INSERT INTO rollouts_tally_state
           (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, n)
    SELECT %(rollout_id)s, %(batch_id)s, imports, gas, region, state, 0, sum(n)
      FROM counted GROUP BY imports, gas, region, state
), plans AS (
    INSERT INTO rollouts_tally_plan
           (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day,
            stage, n)
    SELECT %(rollout_id)s, %(batch_id)s, imports, gas, region, consent, 0,
           (%(automatic_at)s::timestamptz AT TIME ZONE 'Europe/London')::date, 0, sum(n)
      FROM counted GROUP BY imports, gas, region, consent
)
SELECT coalesce(sum(n), 0)::bigint AS hubs FROM counted
