-- Move the chosen hubs that nobody has answered for, and that wait in the safe launch group, to a batch with a time of
-- its own; once the time for answers is up (`is_closed`), those whose time is DCC's and on which nothing is under way:
-- their Suppliers are told the new time. The caller holds the rollout's row, so nobody else moves targets: no order of
-- locks is needed.
WITH moved AS (
    UPDATE rollouts_target AS t
       SET batch_id = %(batch_id)s, effective_at = %(automatic_at)s
      FROM rollouts_hub AS h
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = h.guid
       AND CASE WHEN %(is_closed)s
                THEN t.state = {TargetState.SCHEDULED} AND t.consent IN ({Consent.DEFAULTED, Consent.NO_SUPPLIER})
                     AND t.import_answer <> {Answer.INSTRUCTED} AND t.gas_answer <> {Answer.INSTRUCTED}
                ELSE t.state = {TargetState.ELIGIBLE}
                     AND t.import_answer = {Answer.NONE} AND t.gas_answer = {Answer.NONE} END
       AND t.batch_id = ANY(%(open_batches)s)
       AND {chosen}
    RETURNING t.guid, t.effective_at, t.consent, t.import_supplier_id AS imports, t.gas_supplier_id AS gas
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT moved.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, rollout.cpl_entry_id,
           {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at', to_char(moved.effective_at AT TIME ZONE 'UTC',
                                                      'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                              'consent', {CONSENT_NAMES}[moved.consent])
      FROM moved
      JOIN rollouts_rollout AS rollout ON rollout.id = %(rollout_id)s
     CROSS JOIN LATERAL (SELECT moved.imports UNION SELECT moved.gas) AS party (id)
     WHERE %(is_closed)s AND party.id IS NOT NULL
)
SELECT count(*) AS hubs FROM moved
