-- Images that left and were not heard of within their region's time-out are sent again, or have failed when no
-- attempt is left. So many at a time, as the rollout cannot be halted meanwhile.
WITH way AS (
    SELECT * FROM unnest(%(regions)s::smallint[], %(before)s::timestamptz[]) AS way (region, before)
), silent AS (
    SELECT target.guid
      FROM rollouts_target AS target
      JOIN way ON way.region = target.region
      JOIN rollouts_command AS command ON command.id = target.command_id
     WHERE target.rollout_id = %(rollout_id)s AND target.state = {TargetState.DISTRIBUTING}
       AND command.sent_at <= way.before
     ORDER BY target.guid
     LIMIT %(most)s
       FOR NO KEY UPDATE OF target
), moved AS (
    UPDATE rollouts_target AS target
       SET state = CASE WHEN target.attempts >= %(attempts)s THEN {TargetState.DISTRIBUTION_FAILED}
                        WHEN target.consent < {Consent.COMPLETE} THEN {TargetState.ELIGIBLE}
                        ELSE {TargetState.SCHEDULED} END,
           code = {FailureCode.DELIVERY_SILENCE}, state_at = %(now)s
      FROM silent
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = silent.guid
    RETURNING target.guid, target.state, target.import_supplier_id AS import_id, target.gas_supplier_id AS gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(cpl_entry_id)s,
           CASE state WHEN {TargetState.DISTRIBUTION_FAILED} THEN {EntryKind.HUB_FAILED}
                      ELSE {EntryKind.HUB_RETRYING} END,
           {FailureCode.DELIVERY_SILENCE}
      FROM moved WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(cpl_entry_id)s,
           CASE state WHEN {TargetState.DISTRIBUTION_FAILED} THEN {EntryKind.HUB_FAILED}
                      ELSE {EntryKind.HUB_RETRYING} END,
           {FailureCode.DELIVERY_SILENCE}
      FROM moved WHERE gas_id IS NOT NULL AND gas_id IS DISTINCT FROM import_id
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s
       AND guid = ANY (ARRAY(SELECT guid FROM moved WHERE state = {TargetState.DISTRIBUTION_FAILED}))
)
SELECT count(*)::bigint AS hubs FROM moved
