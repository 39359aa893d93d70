-- How the hubs of a rollout that one Supplier has answered for stand now, by the instruction that counts. One scan of the
-- rollout: asked for by hand, never by a page that follows.
SELECT instruction_id, state::integer AS state, count(*)::bigint AS hubs
  FROM (SELECT CASE WHEN t.import_supplier_id = %(party)s THEN t.import_instruction_id
                    ELSE t.gas_instruction_id END AS instruction_id, t.state
          FROM rollouts_target AS t
         WHERE t.rollout_id = %(rollout_id)s
           AND (t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)) AS own
 WHERE instruction_id = ANY(%(instructions)s)
 GROUP BY 1, 2
