-- The rollouts whose pilot has not been accepted, when the first hub would activate by default, and how many hubs are
-- due already and held back by it. The tally knows days: on its own day a batch counts from its automatic time on.
SELECT r.id AS rollout_id, r.name, r.status,
       min(coalesce(b.automatic_at, r.automatic_at)) AS due_at,
       coalesce(sum(held.n), 0)::bigint AS held
  FROM rollouts_rollout AS r
  JOIN rollouts_batch AS b ON b.rollout_id = r.id AND b.kind = 'SAFE_LAUNCH' AND NOT b.gate_open
  LEFT JOIN LATERAL (
           SELECT sum(p.n) AS n
             FROM rollouts_tally_plan AS p
            WHERE p.rollout_id = r.id AND p.batch_id = b.id AND p.stage < {SETTLED} AND p.consent >= {Consent.COMPLETE}
              AND (p.effective_day < (%(now)s AT TIME ZONE 'Europe/London')::date
                   OR p.effective_day = (%(now)s AT TIME ZONE 'Europe/London')::date
                      AND coalesce(b.automatic_at, r.automatic_at) <= %(now)s)
              AND (%(party)s::integer IS NULL
                   OR p.import_supplier_id = %(party)s OR p.gas_supplier_id = %(party)s)
              AND (%(regions)s::integer[] IS NULL OR p.region = ANY(%(regions)s::integer[]))
       ) AS held ON true
 WHERE r.has_pilot AND r.pilot_accepted_at IS NULL AND r.id = ANY(%(rollouts)s)
 GROUP BY r.id
 ORDER BY due_at, r.id
