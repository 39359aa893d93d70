-- Take back those of the named hubs that had a place and qualify again, in GUID order; tell their Suppliers.
-- With the same Suppliers their answers still stand; with others the place begins anew. After the cut-off
-- nobody is waited for.
WITH found AS (
    SELECT t.guid, h.import_supplier_id AS imports, h.gas_supplier_id AS gas, h.cpl_entry_id, h.region,
           coalesce(b.automatic_at, %(automatic_at)s) AS automatic_at,
           %(now)s > coalesce(b.cutoff_at, %(cutoff_at)s) AS is_closed, t.consent,
           t.effective_at,
           t.import_supplier_id IS NOT DISTINCT FROM h.import_supplier_id
           AND t.gas_supplier_id IS NOT DISTINCT FROM h.gas_supplier_id AS is_same
      FROM rollouts_target AS t
      JOIN rollouts_hub AS h ON h.guid = t.guid
      JOIN rollouts_batch AS b ON b.id = t.batch_id
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = ANY(%(guids)s)
       AND t.state = {TargetState.WITHDRAWN} AND t.code = ANY(%(passing_codes)s)
       AND {SUITABLE}
       AND {UNTAKEN}
     ORDER BY t.guid
       FOR NO KEY UPDATE OF t
), placed AS (
    SELECT guid, imports, gas, cpl_entry_id, region, is_same,
           CASE WHEN is_same THEN effective_at ELSE automatic_at END AS effective_at,
           CASE WHEN imports IS NULL AND gas IS NULL THEN {Consent.NO_SUPPLIER}
                WHEN is_same AND consent >= {Consent.COMPLETE} THEN consent
                WHEN is_closed THEN {Consent.DEFAULTED}
                WHEN is_same THEN consent
                WHEN imports <> gas THEN {Consent.AWAITING_BOTH}
                ELSE {Consent.AWAITING} END AS consent
      FROM found
), returned AS (
    UPDATE rollouts_target AS t
       SET state = CASE WHEN placed.consent >= {Consent.COMPLETE} THEN {TargetState.SCHEDULED}
                        ELSE {TargetState.ELIGIBLE} END,
           code = {FailureCode.NONE}, attempts = 0, state_at = %(now)s, command_id = NULL,
           consent = placed.consent, from_cpl_entry_id = placed.cpl_entry_id,
           region = placed.region, import_supplier_id = imports, gas_supplier_id = gas,
           import_answer = CASE WHEN is_same THEN t.import_answer ELSE 0 END,
           import_time = CASE WHEN is_same THEN t.import_time END,
           import_instruction_id = CASE WHEN is_same THEN t.import_instruction_id END,
           gas_answer = CASE WHEN is_same THEN t.gas_answer ELSE 0 END,
           gas_time = CASE WHEN is_same THEN t.gas_time END,
           gas_instruction_id = CASE WHEN is_same THEN t.gas_instruction_id END,
           answered_at = CASE WHEN is_same THEN t.answered_at END,
           effective_at = placed.effective_at
      FROM placed
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = placed.guid
), {ENTRIES_OF_PLACED}
SELECT count(*) AS hubs, {COUNTS_OF_PLACED} AS by_party FROM placed
