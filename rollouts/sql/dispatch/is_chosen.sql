-- A piece: whether DCC or a Supplier has named the very minute of an effective time; the SQL twin of
-- `rollouts.rules.activation.is_chosen`.
({effective_at} = {automatic_at}
 OR {import_answer} = {Answer.INSTRUCTED} AND {import_time} IS NOT DISTINCT FROM {effective_at}
 OR {gas_answer} = {Answer.INSTRUCTED} AND {gas_time} IS NOT DISTINCT FROM {effective_at})
