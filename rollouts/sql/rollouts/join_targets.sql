-- Give those of the named hubs that qualify and have no place one in the rollout's first safe launch batch; tell
-- their Suppliers. After the cut-off nobody is waited for.
WITH joined AS (
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
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT joined.guid, %(now)s, party.id, %(rollout_id)s, %(cpl_entry_id)s, %(kind)s, {FailureCode.NONE}
      FROM joined
     CROSS JOIN LATERAL (SELECT joined.imports UNION SELECT joined.gas) AS party (id)
     WHERE party.id IS NOT NULL
), scheduled AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT joined.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, %(cpl_entry_id)s,
           {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at', to_char(joined.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                              'consent', {CONSENT_NAMES}[joined.consent])
      FROM joined
     CROSS JOIN LATERAL (SELECT joined.imports UNION SELECT joined.gas) AS party (id)
     WHERE party.id IS NOT NULL AND joined.consent >= {Consent.COMPLETE}
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
                  FROM joined AS hub
                 CROSS JOIN LATERAL (SELECT hub.imports UNION SELECT hub.gas) AS party (id)
                 WHERE party.id IS NOT NULL
                 GROUP BY party.id) AS by_party) AS by_party
  FROM joined
