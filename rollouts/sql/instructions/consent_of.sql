-- A piece: the consent of a target, from its Parties and their answers; the SQL twin of `rollouts.rules.resolve`.
(CASE
    WHEN {import_party} IS NULL AND {gas_party} IS NULL THEN {Consent.NO_SUPPLIER}
    WHEN {import_party} <> {gas_party} THEN CASE
        WHEN {import_answer} <> {Answer.INSTRUCTED} AND {gas_answer} <> {Answer.INSTRUCTED} THEN {awaiting_both}
        WHEN {import_answer} = {gas_answer} OR {Answer.AGREED} IN ({import_answer}, {gas_answer})
             AND {import_time} IS NOT DISTINCT FROM {gas_time}
            THEN {Consent.COMPLETE}
        WHEN {mandatory} THEN {awaiting_second}
        WHEN {Answer.DECLINED} IN ({import_answer}, {gas_answer}) THEN {Consent.COMPLETE}
        ELSE {awaiting_second} END
    WHEN CASE WHEN {import_party} IS NULL THEN {gas_answer} ELSE {import_answer} END = {Answer.INSTRUCTED}
        THEN {Consent.COMPLETE}
    ELSE {awaiting} END)::smallint
