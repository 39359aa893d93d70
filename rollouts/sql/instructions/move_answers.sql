-- Give live targets their new Suppliers: answers go with the Party that gave them, those of a Party that has
-- left are void, agreements with it lapse, consent and effective time are settled anew. An activation already sent keeps its state: it
-- is to be recalled, and until then DCC's default holds (a sent one stands on a final consent).
-- Settled targets, and all of rollouts that have ended, only change hands. Rows are locked by rollout and GUID.
WITH was AS MATERIALIZED (
    SELECT t.*, c.import_id, c.gas_id, r.status, r.consent_policy, r.automatic_at AS r_automatic_at,
           r.cutoff_at AS r_cutoff_at, b.automatic_at AS b_automatic_at, b.cutoff_at AS b_cutoff_at,
           activation.execute_at AS execute_at
      FROM rollouts_staged_supplier AS c
      JOIN rollouts_target AS t ON t.guid = c.guid AND t.rollout_id = ANY(%(rollouts)s::integer[])
      JOIN rollouts_rollout AS r ON r.id = t.rollout_id
      JOIN rollouts_batch AS b ON b.id = t.batch_id
      LEFT JOIN rollouts_command AS activation
        ON activation.id = t.command_id AND t.state = {TargetState.ACTIVATING}
     WHERE t.import_supplier_id IS DISTINCT FROM c.import_id OR t.gas_supplier_id IS DISTINCT FROM c.gas_id
     ORDER BY t.rollout_id, t.guid
       FOR NO KEY UPDATE OF t
), moved AS (
    SELECT w.*,
           CASE WHEN import_id = import_supplier_id THEN import_answer
                WHEN import_id = gas_supplier_id THEN gas_answer ELSE 0 END AS new_import_answer,
           CASE WHEN import_id = import_supplier_id THEN import_time
                WHEN import_id = gas_supplier_id THEN gas_time END AS new_import_time,
           CASE WHEN import_id = import_supplier_id THEN import_instruction_id
                WHEN import_id = gas_supplier_id THEN gas_instruction_id END AS new_import_instruction_id,
           CASE WHEN gas_id = import_id THEN 0
                WHEN gas_id = import_supplier_id THEN import_answer
                WHEN gas_id = gas_supplier_id THEN gas_answer ELSE 0 END AS new_gas_answer,
           CASE WHEN gas_id = import_id THEN NULL
                WHEN gas_id = import_supplier_id THEN import_time
                WHEN gas_id = gas_supplier_id THEN gas_time END AS new_gas_time,
           CASE WHEN gas_id = import_id THEN NULL
                WHEN gas_id = import_supplier_id THEN import_instruction_id
                WHEN gas_id = gas_supplier_id THEN gas_instruction_id END AS new_gas_instruction_id
      FROM was AS w
), settled AS (
    SELECT m.*, {import_lapses} AS import_lapses, {gas_lapses} AS gas_lapses, {consent} AS new_consent, {effective_at} AS new_effective_at,
           m.state IN ({FAILED_STATES, TargetState.ACTIVATED}) OR m.status <> ALL(%(open)s) AS is_settled
      FROM moved AS m
), changed AS (
    UPDATE rollouts_target AS t
       SET import_supplier_id = s.import_id,
           gas_supplier_id = s.gas_id,
           import_answer = CASE WHEN s.is_settled THEN s.import_answer WHEN s.import_lapses THEN {Answer.NONE}
                                ELSE s.new_import_answer END,
           import_time = CASE WHEN s.is_settled THEN s.import_time WHEN s.import_lapses THEN NULL ELSE s.new_import_time END,
           -- What has lapsed was said: no rule speaks over it.
           import_instruction_id = CASE WHEN s.import_lapses AND NOT s.is_settled THEN 0
                                        ELSE s.new_import_instruction_id END,
           gas_answer = CASE WHEN s.is_settled THEN s.gas_answer WHEN s.gas_lapses THEN {Answer.NONE}
                                ELSE s.new_gas_answer END,
           gas_time = CASE WHEN s.is_settled THEN s.gas_time WHEN s.gas_lapses THEN NULL ELSE s.new_gas_time END,
           -- What has lapsed was said: no rule speaks over it.
           gas_instruction_id = CASE WHEN s.gas_lapses AND NOT s.is_settled THEN 0
                                        ELSE s.new_gas_instruction_id END,
           answered_at = CASE WHEN s.is_settled OR s.new_import_answer > {Answer.NONE} AND NOT s.import_lapses
                                   OR s.new_gas_answer > {Answer.NONE} AND NOT s.gas_lapses
                              THEN t.answered_at END,
           effective_at = CASE WHEN s.is_settled THEN t.effective_at ELSE s.new_effective_at END,
           consent = CASE WHEN s.is_settled THEN t.consent
                          WHEN s.state IN ({ACTIVATION_SENT_STATES}) AND s.new_consent < {Consent.COMPLETE}
                          THEN {Consent.DEFAULTED}
                          ELSE s.new_consent END,
           state = CASE WHEN t.state = {TargetState.ELIGIBLE} AND s.new_consent >= {Consent.COMPLETE}
                        THEN {TargetState.SCHEDULED}
                        WHEN t.state = {TargetState.SCHEDULED} AND s.new_consent < {Consent.COMPLETE}
                        THEN {TargetState.ELIGIBLE} ELSE t.state END,
           state_at = CASE WHEN t.state = {TargetState.ELIGIBLE} AND s.new_consent >= {Consent.COMPLETE}
                             OR t.state = {TargetState.SCHEDULED} AND s.new_consent < {Consent.COMPLETE}
                           THEN %(now)s ELSE t.state_at END
      FROM settled AS s
     WHERE t.rollout_id = s.rollout_id AND t.guid = s.guid
    RETURNING t.rollout_id, t.guid, t.effective_at, t.import_supplier_id AS imports, t.gas_supplier_id AS gas,
              NOT s.is_settled AND s.new_consent >= {Consent.COMPLETE} AS is_final, t.consent,
              NOT s.is_settled AND s.consent >= {Consent.COMPLETE} AND t.consent < {Consent.COMPLETE} AS is_open_again
), told AS (
    -- Whoever has gained the hub has not heard of its time; to others it may have moved.
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT changed.guid, date_trunc('minute', %(now)s::timestamptz), party.id, changed.rollout_id,
           rollout.cpl_entry_id, {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at', to_char(changed.effective_at AT TIME ZONE 'UTC',
                                                      'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                              'consent', {CONSENT_NAMES}[changed.consent])
      FROM changed
      JOIN rollouts_rollout AS rollout ON rollout.id = changed.rollout_id
     CROSS JOIN LATERAL (SELECT changed.imports UNION SELECT changed.gas) AS party (id)
     WHERE changed.is_final AND party.id IS NOT NULL
), reopened AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT changed.guid, date_trunc('minute', %(now)s::timestamptz), party.id, changed.rollout_id,
           rollout.cpl_entry_id, {EntryKind.HUB_CONSENT},
           jsonb_build_object(
               'consent', {CONSENT_NAMES}[changed.consent],
               'effective_at', to_char(changed.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
      FROM changed
      JOIN rollouts_rollout AS rollout ON rollout.id = changed.rollout_id
     CROSS JOIN LATERAL (SELECT changed.imports UNION SELECT changed.gas) AS party (id)
     WHERE changed.is_open_again AND party.id IS NOT NULL
)
SELECT rollout_id, guid, import_id, gas_id,
       CASE WHEN import_answer > {Answer.NONE} AND import_supplier_id IS DISTINCT FROM import_id
             AND import_supplier_id IS DISTINCT FROM gas_id THEN import_supplier_id END AS import_voided,
       CASE WHEN gas_answer > {Answer.NONE} AND gas_supplier_id IS DISTINCT FROM import_id
             AND gas_supplier_id IS DISTINCT FROM gas_id THEN gas_supplier_id END AS gas_voided,
       CASE WHEN import_lapses THEN import_id WHEN gas_lapses THEN gas_id END AS lapsed,
       state = {TargetState.DISTRIBUTING} AND new_consent < {Consent.COMPLETE} AS is_under_way,
       state = {TargetState.ACTIVATING} AND new_effective_at <> effective_at
       AND greatest(effective_at, execute_at) > %(now)s AS is_to_recall
  FROM settled
 WHERE NOT is_settled
