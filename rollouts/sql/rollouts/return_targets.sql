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
), settled AS (
    SELECT found.*,
           CASE WHEN imports IS NULL AND gas IS NULL THEN {Consent.NO_SUPPLIER}
                WHEN is_same AND consent >= {Consent.COMPLETE} THEN consent
                WHEN is_closed THEN {Consent.DEFAULTED}
                WHEN is_same THEN consent
                WHEN imports <> gas THEN {Consent.AWAITING_BOTH}
                ELSE {Consent.AWAITING} END AS new_consent
      FROM found
), returned AS (
    UPDATE rollouts_target AS t
       SET state = CASE WHEN new_consent >= {Consent.COMPLETE} THEN {TargetState.SCHEDULED} ELSE {TargetState.ELIGIBLE} END,
           code = {FailureCode.NONE}, attempts = 0, state_at = %(now)s, command_id = NULL,
           consent = new_consent, from_cpl_entry_id = settled.cpl_entry_id,
           region = settled.region, import_supplier_id = imports, gas_supplier_id = gas,
           import_answer = CASE WHEN is_same THEN t.import_answer ELSE 0 END,
           import_time = CASE WHEN is_same THEN t.import_time END,
           import_instruction_id = CASE WHEN is_same THEN t.import_instruction_id END,
           gas_answer = CASE WHEN is_same THEN t.gas_answer ELSE 0 END,
           gas_time = CASE WHEN is_same THEN t.gas_time END,
           gas_instruction_id = CASE WHEN is_same THEN t.gas_instruction_id END,
           answered_at = CASE WHEN is_same THEN t.answered_at END,
           effective_at = CASE WHEN is_same THEN t.effective_at ELSE settled.automatic_at END
      FROM settled
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = settled.guid
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT settled.guid, %(now)s, party.id, %(rollout_id)s, %(cpl_entry_id)s, %(kind)s, {FailureCode.NONE}
      FROM settled
     CROSS JOIN LATERAL (SELECT settled.imports UNION SELECT settled.gas) AS party (id)
     WHERE party.id IS NOT NULL
), scheduled AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT settled.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, %(cpl_entry_id)s,
           {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at', to_char(
               CASE WHEN is_same THEN settled.effective_at ELSE settled.automatic_at END AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
               'consent', {CONSENT_NAMES}[settled.new_consent])
      FROM settled
     CROSS JOIN LATERAL (SELECT settled.imports UNION SELECT settled.gas) AS party (id)
     WHERE party.id IS NOT NULL AND settled.new_consent >= {Consent.COMPLETE}
)
SELECT count(*) AS hubs,
       (SELECT coalesce(jsonb_object_agg(id, counts), '{}')
          FROM (SELECT party.id,
                       jsonb_build_object(
                           'hubs', count(*),
                           'split', count(*) FILTER (WHERE hub.imports <> hub.gas),
                           'import', count(*) FILTER (WHERE hub.gas IS DISTINCT FROM party.id),
                           'gas', count(*) FILTER (WHERE hub.imports IS DISTINCT FROM party.id),
                           'both', count(*) FILTER (WHERE hub.imports = hub.gas)) AS counts
                  FROM settled AS hub
                 CROSS JOIN LATERAL (SELECT hub.imports UNION SELECT hub.gas) AS party (id)
                 WHERE party.id IS NOT NULL
                 GROUP BY party.id) AS by_party) AS by_party
  FROM settled
