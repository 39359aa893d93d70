-- Put the hubs of a command that never left back to where it found them; a hub that was about to get its first
-- image is no longer in flight.
WITH command AS (
    SELECT id, kind, guids FROM rollouts_command WHERE id = %(command_id)s
), member AS (
    SELECT target.guid
      FROM rollouts_target AS target
      JOIN (SELECT unnest(guids) AS guid FROM command) AS asked ON asked.guid = target.guid
     CROSS JOIN command
     WHERE target.rollout_id = %(rollout_id)s AND target.command_id = command.id
       AND target.state = CASE command.kind WHEN {CommandKind.DISTRIBUTE} THEN {TargetState.DISTRIBUTING}
                                            WHEN {CommandKind.ACTIVATE} THEN {TargetState.ACTIVATING}
                                            ELSE {TargetState.CANCELLING} END
       AND (command.kind < {CommandKind.CANCEL} OR target.consent >= {Consent.COMPLETE})
     ORDER BY target.guid
       FOR NO KEY UPDATE OF target
), moved AS (
    UPDATE rollouts_target AS target
       SET state = CASE WHEN command.kind = {CommandKind.DISTRIBUTE} AND target.consent < {Consent.COMPLETE}
                        THEN {TargetState.ELIGIBLE}
                        WHEN command.kind = {CommandKind.DISTRIBUTE} THEN {TargetState.SCHEDULED}
                        WHEN command.kind = {CommandKind.ACTIVATE} THEN {TargetState.DISTRIBUTED}
                        ELSE {TargetState.ACTIVATING} END,
           state_at = %(now)s,
           command_id = CASE command.kind WHEN {CommandKind.CANCEL} THEN target.command_id END,
           attempts = target.attempts
                      - CASE WHEN command.kind < {CommandKind.CANCEL} AND target.attempts > 0 THEN 1 ELSE 0 END
      FROM member, command
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = member.guid
    RETURNING target.guid, target.state
), grounded AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s
       AND guid = ANY (ARRAY(SELECT guid FROM moved WHERE state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})))
)
SELECT count(*)::int AS hubs FROM moved
