-- What would become of the chosen hubs of a rollout if they were moved to a batch of their own: by fate, group and region.
-- Fates: MOVES, PILOT (in the pilot group), ANSWERED (a Supplier has answered for it), SETTLED (its time is fixed, or its
-- upgrade under way or over). Once the time for answers is up (`is_closed`), hubs move whose time is DCC's. One row more
-- says how many Suppliers have hubs that move.
WITH chosen AS (
    SELECT t.batch_id, t.region::integer AS region, t.import_supplier_id, t.gas_supplier_id,
           CASE WHEN t.batch_id <> ALL(%(open_batches)s) THEN 'PILOT'
                WHEN t.import_answer = {Answer.INSTRUCTED} OR t.gas_answer = {Answer.INSTRUCTED}
                     OR NOT %(is_closed)s AND (t.import_answer > {Answer.NONE} OR t.gas_answer > {Answer.NONE})
                THEN 'ANSWERED'
                WHEN NOT %(is_closed)s AND t.state <> {TargetState.ELIGIBLE} THEN 'SETTLED'
                WHEN %(is_closed)s
                     AND (t.state <> {TargetState.SCHEDULED}
                          OR t.consent NOT IN ({Consent.DEFAULTED, Consent.NO_SUPPLIER})) THEN 'SETTLED'
                ELSE 'MOVES' END AS fate
      FROM rollouts_target AS t
      JOIN rollouts_hub AS h ON h.guid = t.guid
     WHERE t.rollout_id = %(rollout_id)s AND {chosen}
)
SELECT fate, batch_id, region, count(*)::bigint AS hubs FROM chosen GROUP BY 1, 2, 3
 UNION ALL
SELECT 'SUPPLIERS', 0, 0, count(DISTINCT party)::bigint
  FROM (SELECT import_supplier_id AS party FROM chosen WHERE fate = 'MOVES'
         UNION ALL
        SELECT gas_supplier_id FROM chosen WHERE fate = 'MOVES') AS parties
