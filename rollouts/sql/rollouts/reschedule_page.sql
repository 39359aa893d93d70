-- Settle consent and effective time of one page of unsettled targets anew, after the dates of their rollout have moved.
-- What defaulted is asked again where the window is open again; times that Suppliers asked for stand. A hub that was
-- told to activate ahead of its time keeps a final consent while that is being recalled (state 50 stands on it), and is
-- settled by a later pass; one told to activate at once is left alone. Rows are met and locked in GUID order.
WITH page AS MATERIALIZED (
    SELECT t.*
      FROM rollouts_target AS t
     WHERE t.rollout_id = %(rollout_id)s AND t.guid > %(after)s AND t.state IN ({UNSETTLED_STATES})
       AND (NOT %(only_defaulted)s OR t.consent = {Consent.DEFAULTED} AND t.state NOT IN ({ACTIVATION_SENT_STATES}))
     ORDER BY t.guid
     LIMIT %(size)s
       FOR NO KEY UPDATE
), settled AS (
    SELECT p.guid, p.state, p.consent, p.effective_at, {consent} AS new_consent, {effective_at} AS new_effective_at
      FROM page AS p
      LEFT JOIN rollouts_command AS activation ON activation.id = p.command_id AND p.state = {TargetState.ACTIVATING}
     WHERE p.state <> {TargetState.ACTIVATING} OR activation.execute_at > %(now)s
), changed AS (
    UPDATE rollouts_target AS t
       SET effective_at = s.new_effective_at,
           consent = CASE WHEN s.state IN ({ACTIVATION_SENT_STATES}) AND s.new_consent < {Consent.COMPLETE}
                          THEN {Consent.DEFAULTED} ELSE s.new_consent END,
           state = CASE WHEN s.state = {TargetState.ELIGIBLE} AND s.new_consent >= {Consent.COMPLETE}
                        THEN {TargetState.SCHEDULED}
                        WHEN s.state = {TargetState.SCHEDULED} AND s.new_consent < {Consent.COMPLETE}
                        THEN {TargetState.ELIGIBLE} ELSE s.state END,
           state_at = CASE WHEN s.state = {TargetState.ELIGIBLE} AND s.new_consent >= {Consent.COMPLETE}
                             OR s.state = {TargetState.SCHEDULED} AND s.new_consent < {Consent.COMPLETE}
                           THEN %(now)s ELSE t.state_at END
      FROM settled AS s
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = s.guid
       AND (s.new_consent <> s.consent OR s.new_effective_at <> s.effective_at)
    RETURNING t.guid, s.state, s.consent, s.new_consent,
              s.consent >= {Consent.COMPLETE} AND t.consent < {Consent.COMPLETE} AS is_open_again, s.effective_at <> s.new_effective_at AS is_moved,
              t.effective_at, t.import_supplier_id AS imports, t.gas_supplier_id AS gas
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT changed.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, rollout.cpl_entry_id,
           {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at', to_char(changed.effective_at AT TIME ZONE 'UTC',
                                                      'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                              'consent', {CONSENT_NAMES}[changed.new_consent])
      FROM changed
      JOIN rollouts_rollout AS rollout ON rollout.id = %(rollout_id)s
     CROSS JOIN LATERAL (SELECT changed.imports UNION SELECT changed.gas) AS party (id)
     WHERE party.id IS NOT NULL AND changed.new_consent >= {Consent.COMPLETE}
), reopened AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT changed.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, rollout.cpl_entry_id,
           {EntryKind.HUB_CONSENT},
           jsonb_build_object(
               'consent', {CONSENT_NAMES}[changed.new_consent],
               'effective_at', to_char(changed.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
      FROM changed
      JOIN rollouts_rollout AS rollout ON rollout.id = %(rollout_id)s
     CROSS JOIN LATERAL (SELECT changed.imports UNION SELECT changed.gas) AS party (id)
     WHERE party.id IS NOT NULL AND changed.is_open_again
)
SELECT (SELECT max(guid) FROM page) AS last_guid,
       count(*) AS changed,
       count(*) FILTER (WHERE consent >= {Consent.COMPLETE} AND new_consent < {Consent.COMPLETE}) AS reopened,
       coalesce(array_agg(guid ORDER BY guid) FILTER (WHERE state = {TargetState.ACTIVATING} AND is_moved), '{}')
           AS to_recall,
       coalesce(array_agg(guid ORDER BY guid)
                FILTER (WHERE state = {TargetState.DISTRIBUTING} AND new_consent < {Consent.COMPLETE}), '{}') AS under_way
  FROM changed
