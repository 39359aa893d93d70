-- A piece: the later of the two times that were asked for; NULL where none was.
greatest(CASE WHEN {import_answer} = {Answer.INSTRUCTED} THEN {import_time} END,
         CASE WHEN {gas_answer} = {Answer.INSTRUCTED} THEN {gas_time} END)
