-- Fill a bare partition with every hub the firmware may be applied to, in heap order (R1.6).
-- Consent: 6 no Supplier, 5 defaulted where the notice leaves no window, 2 both awaited, 1 one awaited.
INSERT INTO {partition} (guid, effective_at, state_at, rollout_id, batch_id, import_supplier_id, gas_supplier_id,
                         from_cpl_entry_id, region, consent, state)
SELECT h.guid, %(automatic_at)s, %(now)s, %(rollout_id)s, %(batch_id)s, h.import_supplier_id, h.gas_supplier_id,
       h.cpl_entry_id, h.region,
       CASE WHEN h.import_supplier_id IS NULL AND h.gas_supplier_id IS NULL THEN {Consent.NO_SUPPLIER}
            WHEN NOT %(has_window)s THEN {Consent.DEFAULTED}
            WHEN h.import_supplier_id <> h.gas_supplier_id THEN {Consent.AWAITING_BOTH}
            ELSE {Consent.AWAITING} END,
       CASE WHEN NOT %(has_window)s OR h.import_supplier_id IS NULL AND h.gas_supplier_id IS NULL
            THEN {TargetState.SCHEDULED}
            ELSE {TargetState.ELIGIBLE} END
  FROM rollouts_hub AS h
 WHERE {SUITABLE}
   AND {UNTAKEN}
