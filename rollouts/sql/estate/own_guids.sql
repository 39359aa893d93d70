-- The hubs of a rollout that one Supplier may still answer for, as GUIDs alone. which: 'all'; 'waiting', those it has
-- not answered for; 'second', those of them the other Supplier has instructed; 'answered', those it has. instruction_id:
-- only those for which that instruction counts.
SELECT t.guid
  FROM rollouts_target AS t
 WHERE t.rollout_id = %(rollout_id)s
   AND (t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)
   AND t.state = ANY(%(states)s)
   AND (%(batch_id)s::integer IS NULL OR t.batch_id = %(batch_id)s)
   AND (%(instruction_id)s::integer IS NULL
        OR CASE WHEN t.import_supplier_id = %(party)s THEN t.import_instruction_id ELSE t.gas_instruction_id END
           = %(instruction_id)s)
   AND CASE %(which)s
            WHEN 'all' THEN true
            WHEN 'second' THEN t.consent = {Consent.AWAITING_SECOND}
                AND CASE WHEN t.import_supplier_id = %(party)s THEN t.import_answer ELSE t.gas_answer END = 0
            WHEN 'answered' THEN
                CASE WHEN t.import_supplier_id = %(party)s THEN t.import_answer ELSE t.gas_answer END > 0
            ELSE CASE WHEN t.import_supplier_id = %(party)s THEN t.import_answer ELSE t.gas_answer END = 0 END
