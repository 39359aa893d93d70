-- Look at the hubs of a claimed command once more, before it is sent long after its claim: those that something else
-- has happened to since (withdrawn, recalled) are left out. An activation that surely never left, for a time that is
-- no longer the hub's, goes back to where it was claimed from, and is asked for again while its window is open.
-- Answers with the hubs that are left.
WITH command AS (
    SELECT id, kind, guids, execute_at, left_at IS NOT NULL AS may_have_left
      FROM rollouts_command WHERE id = %(command_id)s
), member AS (
    SELECT target.guid,
           command.kind = {CommandKind.DISTRIBUTE} OR command.may_have_left OR target.effective_at <= %(now)s
           OR target.effective_at = command.execute_at AS is_right,
           target.consent = {Consent.DEFAULTED}
           AND %(now)s + interval '1 day' <= coalesce(batch.cutoff_at, rollout.cutoff_at) AS is_open
      FROM command
     CROSS JOIN LATERAL unnest(command.guids) AS asked (guid)
      JOIN rollouts_target AS target ON target.rollout_id = %(rollout_id)s AND target.guid = asked.guid
      JOIN rollouts_batch AS batch ON batch.id = target.batch_id
      JOIN rollouts_rollout AS rollout ON rollout.id = target.rollout_id
     WHERE target.command_id = command.id
       AND target.state = CASE command.kind WHEN {CommandKind.DISTRIBUTE} THEN {TargetState.DISTRIBUTING}
                                            ELSE {TargetState.ACTIVATING} END
     ORDER BY target.guid
       FOR NO KEY UPDATE OF target
), returned AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.DISTRIBUTED}, state_at = %(now)s, command_id = NULL,
           attempts = greatest(target.attempts - 1, 0),
           consent = CASE WHEN NOT member.is_open THEN target.consent
                          WHEN target.import_supplier_id <> target.gas_supplier_id
                          THEN CASE WHEN {Answer.INSTRUCTED} IN (target.import_answer, target.gas_answer)
                                    THEN {Consent.AWAITING_SECOND} ELSE {Consent.AWAITING_BOTH} END
                          ELSE {Consent.AWAITING} END
      FROM member
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = member.guid AND NOT member.is_right
), left_over AS (
    SELECT coalesce(array_agg(guid ORDER BY guid), '{}') AS guids, count(*)::int AS hubs FROM member WHERE is_right
)
UPDATE rollouts_command AS claimed
   SET guids = left_over.guids, hub_count = left_over.hubs
  FROM left_over
 WHERE claimed.id = %(command_id)s
RETURNING claimed.guids, claimed.hub_count
