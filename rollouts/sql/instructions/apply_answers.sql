-- Write one Supplier's answer on every staged hub that passes all checks, settle consent and effective
-- time, tell the hub's Suppliers of a time that is final, and keep the GUIDs that were missed.
-- The second Supplier's agreement lapses with the time it agreed with: in the place of its instruction stands this
-- one, negative. "Update first": most hubs pass, so only the misses are explained, afterwards. One walk along the key, for
-- an array that is sorted: no join whose order, or whose cost, a planner could misjudge, and rows are locked in
-- the order of their GUIDs. The array holds the party's own hubs alone, by the keys by Supplier: no row of a target is
-- read for another's hub.
WITH changed AS (
    UPDATE rollouts_target AS t
       SET import_answer = {import_answer},
           import_time = {import_time},
           import_instruction_id = {import_instruction},
           gas_answer = {gas_answer},
           gas_time = {gas_time},
           gas_instruction_id = {gas_instruction},
           answered_at = {answered_at},
           effective_at = {effective_at},
           consent = {consent},
           state = {state},
           state_at = CASE WHEN {state} <> t.state THEN %(now)s ELSE t.state_at END
     WHERE t.rollout_id = %(rollout_id)s
       AND t.guid = ANY(ARRAY(SELECT s.guid FROM {own_hubs} WHERE coalesce(i.guid, g.guid) IS NOT NULL ORDER BY s.guid))
       AND {is_mine}
       AND {holds}
 RETURNING t.guid, t.state, t.consent, t.effective_at, t.import_supplier_id, t.gas_supplier_id,
           -%(instruction_id)s IN (t.import_instruction_id, t.gas_instruction_id) AS has_lapsed,
           NOT {is_chosen} AS is_unchosen,
           t.consent < {Consent.COMPLETE}
             AND (t.state = {TargetState.ELIGIBLE} AND t.state_at = %(now)s
                  OR t.state IN ({TargetState.DISTRIBUTING, TargetState.DISTRIBUTED})) AS is_open_again
), told AS (
    -- To the minute: of one submission all entries would share a microsecond, and hubs group by their other Supplier.
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT guid, date_trunc('minute', %(now)s::timestamptz), party_id, %(rollout_id)s, %(version_id)s,
           {EntryKind.HUB_SCHEDULED},
           -- Most hubs take effect when it was asked: their entry is written once, not a hub at a time.
           CASE WHEN effective_at = %(likely_at)s AND consent = {Consent.COMPLETE}
                THEN CASE WHEN party_id = %(party_id)s THEN %(likely_own_data)s::jsonb ELSE %(likely_data)s::jsonb END
                ELSE jsonb_build_object('effective_at', to_char(effective_at AT TIME ZONE 'UTC',
                                                                'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                                        'consent', {CONSENT_NAMES}[consent])
                     || CASE WHEN party_id = %(party_id)s THEN %(own_data)s::jsonb ELSE '{}'::jsonb END END
      FROM (SELECT guid, effective_at, consent, import_supplier_id AS party_id
              FROM changed WHERE consent >= {Consent.COMPLETE} AND import_supplier_id IS NOT NULL
             UNION ALL
            SELECT guid, effective_at, consent, gas_supplier_id
              FROM changed
             WHERE consent >= {Consent.COMPLETE} AND gas_supplier_id IS NOT NULL
               AND gas_supplier_id IS DISTINCT FROM import_supplier_id
           ) AS due
), reopened AS (
    -- A time that was final, and is open again: the state went back, or the image is ahead of the answers.
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT changed.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, %(version_id)s,
           {EntryKind.HUB_CONSENT},
           jsonb_build_object(
               'consent', {CONSENT_NAMES}[changed.consent],
               'effective_at', to_char(changed.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
           || CASE WHEN party.id = %(party_id)s THEN %(own_data)s::jsonb ELSE '{}'::jsonb END
      FROM changed
     CROSS JOIN LATERAL (SELECT changed.import_supplier_id UNION SELECT changed.gas_supplier_id) AS party (id)
     WHERE changed.is_open_again AND party.id IS NOT NULL
), missed AS (
    INSERT INTO rollouts_missed_guid (guid)
    SELECT guid FROM rollouts_staged_guid EXCEPT SELECT guid FROM changed
    RETURNING 1
)
SELECT other_id, consent,
       -- By time first: hubs share few, and the change of zone costs as much as a probe.
       (effective_at AT TIME ZONE 'Europe/London')::date AS day,
       is_unchosen, sum(n)::bigint AS n, sum(lapsed)::bigint AS lapsed, sum(under_way)::bigint AS under_way,
       (SELECT count(*) FROM missed) AS missed
  FROM (SELECT CASE WHEN import_supplier_id <> gas_supplier_id
                    THEN CASE WHEN import_supplier_id = %(party_id)s THEN gas_supplier_id ELSE import_supplier_id END
               END AS other_id,
               consent, effective_at, is_unchosen, count(*) AS n, count(*) FILTER (WHERE has_lapsed) AS lapsed,
               count(*) FILTER (WHERE state = {TargetState.DISTRIBUTING} AND consent < {Consent.COMPLETE}) AS under_way
          FROM changed
         GROUP BY 1, 2, 3, 4) AS by_time
 GROUP BY 1, 2, 3, 4
 UNION ALL
SELECT NULL, NULL, NULL, NULL, 0, 0, 0, count(*) FROM missed
