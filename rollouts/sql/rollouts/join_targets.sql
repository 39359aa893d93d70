-- Give those of the named hubs that qualify and have no place one in the rollout's first safe launch batch; tell
-- their Suppliers. After the cut-off nobody is waited for.
WITH placed AS (
    INSERT INTO rollouts_target (guid, effective_at, state_at, rollout_id, batch_id, import_supplier_id,
                                 gas_supplier_id, from_cpl_entry_id, region, consent, state)
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
     WHERE h.guid = ANY(%(guids)s)
       AND {SUITABLE}
       AND {UNTAKEN}
     ORDER BY h.guid
        ON CONFLICT (rollout_id, guid) DO NOTHING
    RETURNING guid, import_supplier_id AS imports, gas_supplier_id AS gas, effective_at, consent
), {ENTRIES_OF_PLACED}
SELECT count(*) AS hubs, {COUNTS_OF_PLACED} AS by_party FROM placed
