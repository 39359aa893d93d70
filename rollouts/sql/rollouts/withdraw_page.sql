-- Withdraw one page of an ended rollout's targets on whose hubs nothing is about to happen, in GUID order, let go of
-- those hubs and tell their Suppliers. Only what may still activate stays (sent, or being cancelled), and what is settled.
WITH page AS (
    SELECT guid
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s AND guid > %(after)s AND state IN ({CHANGEABLE_STATES})
     ORDER BY guid
     LIMIT %(size)s
       FOR NO KEY UPDATE
), voided AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.WITHDRAWN}, code = %(code)s, state_at = %(now)s
      FROM page
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = page.guid
    RETURNING target.guid, target.import_supplier_id AS imports, target.gas_supplier_id AS gas
), freed AS (
    -- A list, not a join: see Note [The planner sees the last ANALYZE].
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM voided))
), told AS (
    -- To the minute, as of what was instructed together: of one page all entries would share a microsecond.
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT voided.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, rollout.cpl_entry_id,
           {EntryKind.HUB_WITHDRAWN}, %(code)s
      FROM voided
      JOIN rollouts_rollout AS rollout ON rollout.id = %(rollout_id)s
     CROSS JOIN LATERAL (SELECT voided.imports UNION SELECT voided.gas) AS party (id)
     WHERE party.id IS NOT NULL
)
SELECT max(guid) AS last_guid, count(*) AS hubs FROM voided
