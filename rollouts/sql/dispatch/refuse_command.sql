-- A command the CSP will never take: its hubs failed to be commanded. With attempts left they go back to be tried
-- again after the wait of their code, otherwise they have failed. A refused cancel leaves the activation as it was.
WITH command AS (
    SELECT id, kind, guids FROM rollouts_command WHERE id = %(command_id)s
), member AS (
    SELECT target.guid
      FROM rollouts_target AS target
      JOIN (SELECT unnest(guids) AS guid FROM command) AS asked ON asked.guid = target.guid
     CROSS JOIN command
     WHERE target.rollout_id = %(rollout_id)s AND target.command_id = command.id AND target.state = %(state)s
       AND (command.kind < {CommandKind.CANCEL} OR target.consent >= {Consent.COMPLETE})
     ORDER BY target.guid
       FOR NO KEY UPDATE OF target
), moved AS (
    UPDATE rollouts_target AS target
       SET state = CASE WHEN target.attempts >= %(attempts)s THEN %(failed)s
                        WHEN %(back_to)s = {TargetState.SCHEDULED} AND target.consent < {Consent.COMPLETE}
                        THEN {TargetState.ELIGIBLE}
                        ELSE %(back_to)s END,
           code = %(code)s, state_at = %(now)s
      FROM member
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = member.guid
    RETURNING target.guid, target.state, target.import_supplier_id AS import_id, target.gas_supplier_id AS gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(cpl_entry_id)s, {EntryKind.HUB_FAILED}, %(code)s FROM moved
     WHERE state IN ({TargetState.DISTRIBUTION_FAILED, TargetState.ACTIVATION_FAILED}) AND import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(cpl_entry_id)s, {EntryKind.HUB_FAILED}, %(code)s FROM moved
     WHERE state IN ({TargetState.DISTRIBUTION_FAILED, TargetState.ACTIVATION_FAILED})
       AND gas_id IS NOT NULL AND gas_id IS DISTINCT FROM import_id
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s
       AND guid = ANY (ARRAY(SELECT guid FROM moved
                              WHERE state IN ({TargetState.DISTRIBUTION_FAILED, TargetState.ACTIVATION_FAILED})))
)
SELECT count(*)::int AS hubs FROM moved
