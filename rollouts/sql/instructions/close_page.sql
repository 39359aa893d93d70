-- Let what is still awaited default on one page of targets, walking them by GUID; the time stays as it is and
-- is told to the hubs' Suppliers.
-- Running it again changes nothing: what has defaulted is awaited no more. Rows are locked in the order of
-- their GUIDs.
WITH page AS (
    SELECT t.guid, t.consent
      FROM rollouts_target AS t
     WHERE t.rollout_id = %(rollout_id)s AND t.guid > %(after)s
     ORDER BY t.guid
     LIMIT %(size)s
), closed AS (
    UPDATE rollouts_target AS t
       SET consent = {Consent.DEFAULTED},
           state = CASE WHEN t.state = {TargetState.ELIGIBLE} THEN {TargetState.SCHEDULED} ELSE t.state END,
           state_at = CASE WHEN t.state = {TargetState.ELIGIBLE} THEN %(now)s ELSE t.state_at END
     WHERE t.rollout_id = %(rollout_id)s
       AND t.guid = ANY(ARRAY(SELECT guid FROM page WHERE consent < {Consent.COMPLETE} ORDER BY guid))
       AND t.batch_id = ANY(%(batch_ids)s::integer[])
       AND t.consent < {Consent.COMPLETE}
       AND t.state NOT IN ({TERMINAL_STATES})
    RETURNING t.guid, t.effective_at, t.import_supplier_id AS imports, t.gas_supplier_id AS gas
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT closed.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, rollout.cpl_entry_id,
           {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at', to_char(closed.effective_at AT TIME ZONE 'UTC',
                                                      'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                              'consent', {CONSENT_NAMES}[{Consent.DEFAULTED}])
      FROM closed
      JOIN rollouts_rollout AS rollout ON rollout.id = %(rollout_id)s
     CROSS JOIN LATERAL (SELECT closed.imports UNION SELECT closed.gas) AS party (id)
     WHERE party.id IS NOT NULL
)
SELECT max(page.guid) AS last_guid, count(*) AS seen, (SELECT count(*) FROM closed) AS closed FROM page
