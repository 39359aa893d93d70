-- That a target (`t`) can still be changed and its Supplier has said nothing about it. What somebody has said, or taken
-- back, is theirs: a rule does not speak over it.
(t.state IN ({CHANGEABLE_STATES})
 AND CASE WHEN t.import_supplier_id = %(party_id)s
          THEN t.import_answer = {Answer.NONE} AND t.import_instruction_id IS NULL
          ELSE t.gas_answer = {Answer.NONE} AND t.gas_instruction_id IS NULL END)
