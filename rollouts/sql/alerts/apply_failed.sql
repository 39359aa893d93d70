-- A stage failed. It counts for the attempt it answers: the command last sent to the hub, or, where the hub
-- names no command, anything that occurred after that was sent. With attempts left the target goes back to be
-- tried again, its code saying why; otherwise it has failed. In a rollout that was ended it leaves; in one that is
-- complete nothing is tried again. A reading counts for the activation it follows: one from before says nothing of it.
WITH said AS (
    SELECT DISTINCT ON (guid, command_id) guid, command_id, occurred_at, import_id, gas_id, is_reading,
           code IN ({AlertCode.VERIFICATION_FAILED, AlertCode.DELIVERY_FAILED}) AS is_delivery,
           CASE WHEN code = {AlertCode.READ_RESULT} THEN {FailureCode.READ_OLD_VERSION} ELSE reason END AS failure
      FROM judged_alert
     WHERE rollout_id = %(rollout_id)s AND why IS NULL
       AND (code IN ({AlertCode.VERIFICATION_FAILED, AlertCode.ACTIVATION_FAILED, AlertCode.DELIVERY_FAILED})
            OR (code = {AlertCode.CS06_RESPONSE} AND reason <> {FailureCode.NONE})
            OR (code = {AlertCode.READ_RESULT} AND is_reading AND reason = {FailureCode.NONE}
                AND firmware_version <> %(version)s))
     ORDER BY guid, command_id, occurred_at
), policy (code, attempts, wait, back_to) AS (
    {RETRY_POLICIES}
), final (code, state) AS (
    VALUES {STATE_OF_FAILURE}
), due AS (
    SELECT DISTINCT ON (target.guid) target.guid, said.import_id, said.gas_id, judged.failure,
           CASE WHEN %(has_ended)s THEN {TargetState.WITHDRAWN}
                WHEN %(is_over)s THEN final.state
                WHEN target.attempts < policy.attempts AND policy.back_to = {TargetState.SCHEDULED}
                     AND target.consent < {Consent.COMPLETE} THEN {TargetState.ELIGIBLE}
                WHEN target.attempts < policy.attempts THEN policy.back_to
                ELSE final.state END AS state
      FROM said
      JOIN {target} AS target
        ON target.rollout_id = %(rollout_id)s AND target.guid = said.guid
       AND (said.command_id = target.command_id
            OR (said.is_reading AND NOT EXISTS (SELECT FROM rollouts_command AS sent
                                                 WHERE sent.id = target.command_id
                                                   AND greatest(sent.claimed_at, sent.execute_at) > said.occurred_at))
            OR (said.command_id IS NULL AND said.occurred_at >= target.state_at))
       AND ((said.is_delivery AND target.state IN ({TargetState.DISTRIBUTING, TargetState.ACTIVATING}))
            OR (NOT said.is_delivery AND target.state IN ({ACTIVATION_SENT_STATES, TargetState.NO_CONFIRMATION})))
     CROSS JOIN LATERAL (SELECT CASE WHEN said.is_delivery AND target.state = {TargetState.ACTIVATING}
                                     THEN {FailureCode.ACTIVATION_UNREACHABLE}
                                     ELSE said.failure END AS failure) AS judged
      JOIN final ON final.code = judged.failure
      LEFT JOIN policy ON policy.code = judged.failure
     ORDER BY target.guid
), moved AS (
    UPDATE {target} AS target
       SET state = due.state, code = due.failure, state_at = %(now)s
      FROM due
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = due.guid
       AND target.state IN ({TargetState.DISTRIBUTING, ACTIVATION_SENT_STATES, TargetState.NO_CONFIRMATION})
    RETURNING target.guid, target.state, target.code, due.import_id, due.gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(entry_id)s,
           CASE WHEN state IN ({REPORTED_FAILED_STATES}) THEN {EntryKind.HUB_FAILED}
                WHEN state = {TargetState.WITHDRAWN} THEN {EntryKind.HUB_WITHDRAWN}
                ELSE {EntryKind.HUB_RETRYING} END, code
      FROM moved WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(entry_id)s,
           CASE WHEN state IN ({REPORTED_FAILED_STATES}) THEN {EntryKind.HUB_FAILED}
                WHEN state = {TargetState.WITHDRAWN} THEN {EntryKind.HUB_WITHDRAWN}
                ELSE {EntryKind.HUB_RETRYING} END, code
      FROM moved WHERE gas_id IS DISTINCT FROM import_id AND gas_id IS NOT NULL
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s
       AND guid = ANY (ARRAY(SELECT guid FROM moved WHERE state IN ({REPORTED_FAILED_STATES, TargetState.WITHDRAWN})))
)
SELECT (SELECT count(*) FROM said) AS said, (SELECT count(*) FROM moved) AS moved
