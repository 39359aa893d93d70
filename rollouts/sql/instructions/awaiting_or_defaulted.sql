-- A piece: a consent that is awaited still, or that has defaulted at the cut-off.
CASE WHEN {now} > {cutoff_at} THEN {Consent.DEFAULTED} ELSE {consent} END
