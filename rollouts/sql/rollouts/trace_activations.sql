-- Draw the curve of a rollout anew from its targets: one scan, for what activated before anybody wrote it down.
WITH told AS (
    SELECT date_trunc('hour', state_at) + interval '1 hour' AS at, coalesce(import_supplier_id, 0) AS imports,
           coalesce(gas_supplier_id, 0) AS gas, region, count(*) AS n
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s AND state = {TargetState.ACTIVATED}
     GROUP BY 1, 2, 3, 4
), counted AS (
    SELECT at, 0 AS party_id, 0 AS region, sum(n) AS n FROM told GROUP BY 1
     UNION ALL
    SELECT at, 0, region, sum(n) FROM told GROUP BY 1, 3
     UNION ALL
    SELECT at, party_id, 0, sum(n)
      FROM (SELECT at, imports AS party_id, n FROM told WHERE imports > 0
             UNION ALL
            SELECT at, gas, n FROM told WHERE gas > 0 AND gas <> imports) AS each_party
     GROUP BY 1, 2
)
INSERT INTO rollouts_activation_point (rollout_id, party_id, region, at, activated)
SELECT %(rollout_id)s, party_id, region, least(at, %(latest)s),
       max(activated)
  FROM (SELECT party_id, region, at, (sum(n) OVER (PARTITION BY party_id, region ORDER BY at))::bigint AS activated
          FROM counted) AS summed
 GROUP BY party_id, region, least(at, %(latest)s)
    ON CONFLICT (rollout_id, party_id, region, at) DO NOTHING
