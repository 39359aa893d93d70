-- A piece: the state of a target after its consent has changed: it waits for nobody, or waits again.
CASE WHEN {state} = {TargetState.ELIGIBLE} AND {consent} >= {Consent.COMPLETE} THEN {TargetState.SCHEDULED}
     WHEN {state} = {TargetState.SCHEDULED} AND {consent} < {Consent.COMPLETE} THEN {TargetState.ELIGIBLE}
     ELSE {state} END
