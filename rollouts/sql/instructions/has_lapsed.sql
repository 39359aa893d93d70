-- A piece: whether an answer agrees with a time that the second Supplier does not ask for; the SQL twin of
-- `rollouts.rules.has_lapsed`.
({answer} = {Answer.AGREED}
 AND NOT ({second_answer} = {Answer.INSTRUCTED} AND {second_time} IS NOT DISTINCT FROM {time}))
