-- The date until which a rollout's unreachable hubs are tried has passed: those still out of reach have failed.
-- A hub without the image could not be reached until the end; one with it could not be told to activate.
-- A hub in a region that no CSP serves (its region is unknown) was out of reach all along.
WITH lost AS (
    SELECT guid
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s
       AND (state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})
            AND (code = {FailureCode.UNREACHABLE} OR region NOT IN (SELECT region FROM rollouts_cspchannel))
            OR state = {TargetState.DISTRIBUTED} AND code = {FailureCode.ACTIVATION_UNREACHABLE})
     ORDER BY guid
     LIMIT %(most)s
       FOR NO KEY UPDATE
), moved AS (
    UPDATE rollouts_target AS target
       SET state = CASE target.code WHEN {FailureCode.ACTIVATION_UNREACHABLE} THEN {TargetState.ACTIVATION_FAILED}
                                    ELSE {TargetState.DISTRIBUTION_FAILED} END,
           code = CASE target.code WHEN {FailureCode.ACTIVATION_UNREACHABLE} THEN {FailureCode.ACTIVATION_UNREACHABLE}
                                   ELSE {FailureCode.UNREACHABLE_UNTIL_END} END,
           state_at = %(now)s
      FROM lost
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = lost.guid
    RETURNING target.guid, target.code, target.import_supplier_id AS import_id, target.gas_supplier_id AS gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(cpl_entry_id)s, {EntryKind.HUB_FAILED}, code FROM moved
     WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(cpl_entry_id)s, {EntryKind.HUB_FAILED}, code FROM moved
     WHERE gas_id IS NOT NULL AND gas_id IS DISTINCT FROM import_id
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM moved))
)
SELECT count(*)::bigint AS hubs FROM moved
