-- Write down, for some rollouts, how many hubs have activated by the end of this hour: of all, of each region, and of
-- each Supplier (a hub it shares counts once for each of the two). From the tallies alone; a number that has not
-- changed is not written again, and any number of runs in an hour leave one row of it.
WITH told AS (
    SELECT rollout_id, import_supplier_id AS imports, gas_supplier_id AS gas, region, sum(n) AS n
      FROM rollouts_tally_state
     WHERE rollout_id = ANY(%(rollouts)s) AND state = {TargetState.ACTIVATED}
     GROUP BY 1, 2, 3, 4
), counted AS (
    SELECT rollout_id, 0 AS party_id, 0 AS region, sum(n)::bigint AS activated FROM told GROUP BY 1
     UNION ALL
    SELECT rollout_id, 0, region, sum(n)::bigint FROM told GROUP BY 1, 3
     UNION ALL
    SELECT rollout_id, party_id, 0, sum(n)::bigint
      FROM (SELECT rollout_id, imports AS party_id, n FROM told WHERE imports > 0
             UNION ALL
            SELECT rollout_id, gas, n FROM told WHERE gas > 0 AND gas <> imports) AS each_party
     GROUP BY 1, 2
)
INSERT INTO rollouts_activation_point (rollout_id, party_id, region, at, activated)
SELECT c.rollout_id, c.party_id, c.region, %(at)s, c.activated
  FROM counted AS c
  LEFT JOIN LATERAL (
           SELECT p.activated
             FROM rollouts_activation_point AS p
            WHERE p.rollout_id = c.rollout_id AND p.party_id = c.party_id AND p.region = c.region
            ORDER BY p.at DESC
            LIMIT 1
       ) AS latest ON true
 WHERE c.activated <> coalesce(latest.activated, 0)
    ON CONFLICT (rollout_id, party_id, region, at) DO UPDATE SET activated = excluded.activated
