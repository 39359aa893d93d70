-- A piece: when a target is to activate, from its Parties' answers; the SQL twin of `rollouts.rules.resolve`.
least({automatic_at}, CASE
    WHEN {import_party} IS NULL AND {gas_party} IS NULL THEN {automatic_at}
    WHEN {import_party} <> {gas_party} THEN CASE
        WHEN {import_answer} <> {Answer.INSTRUCTED} AND {gas_answer} <> {Answer.INSTRUCTED} THEN {automatic_at}
        WHEN {import_answer} = {gas_answer} OR {Answer.AGREED} IN ({import_answer}, {gas_answer})
             AND {import_time} IS NOT DISTINCT FROM {gas_time}
            THEN coalesce({later}, {answered_at})
        WHEN {mandatory} THEN {automatic_at}
        WHEN {Answer.DECLINED} IN ({import_answer}, {gas_answer})
            THEN CASE WHEN {later} <= {answered_at} THEN {cutoff_at}
                      ELSE coalesce({later}, {answered_at}) END
        ELSE greatest({later}, {cutoff_at}) END
    WHEN CASE WHEN {import_party} IS NULL THEN {gas_answer} ELSE {import_answer} END = {Answer.INSTRUCTED}
        THEN coalesce(CASE WHEN {import_party} IS NULL THEN {gas_time} ELSE {import_time} END,
                      {answered_at})
    ELSE {automatic_at} END)
