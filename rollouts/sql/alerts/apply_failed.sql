-- A stage failed. It counts for the attempt it answers: the command last sent to the hub, or, where the hub
-- names no command, anything that occurred after that was sent. With attempts left the target goes back to be
-- tried again, its code saying why; otherwise it has failed. In a rollout that was ended it leaves; in one that is
-- complete nothing is tried again. A reading counts for the activation it follows: one from before says nothing of it.
WITH said AS (
    SELECT DISTINCT ON (guid, command_id) guid, command_id, occurred_at, import_id, gas_id, is_reading,
           code IN (2, 7) AS is_delivery,
           CASE WHEN code = 10 THEN 41 ELSE reason END AS failure
      FROM judged_alert
     WHERE rollout_id = %(rollout_id)s AND why IS NULL
       AND (code IN (2, 6, 7) OR (code = 4 AND reason <> 0)
            OR (code = 10 AND is_reading AND reason = 0 AND firmware_version <> %(version)s))
     ORDER BY guid, command_id, occurred_at
), policy (code, attempts, wait, back_to) AS (
    {policies}
), final (code, state) AS (
    {finals}
), due AS (
    SELECT DISTINCT ON (target.guid) target.guid, said.import_id, said.gas_id, judged.failure,
           CASE WHEN %(has_ended)s THEN 90
                WHEN %(is_over)s THEN final.state
                WHEN target.attempts < policy.attempts AND policy.back_to = 20 AND target.consent < 4 THEN 10
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
       AND ((said.is_delivery AND target.state IN (30, 50)) OR (NOT said.is_delivery AND target.state IN (50, 52, 55)))
     CROSS JOIN LATERAL (SELECT CASE WHEN said.is_delivery AND target.state = 50 THEN 33
                                     ELSE said.failure END AS failure) AS judged
      JOIN final ON final.code = judged.failure
      LEFT JOIN policy ON policy.code = judged.failure
     ORDER BY target.guid
), moved AS (
    UPDATE {target} AS target
       SET state = due.state, code = due.failure, state_at = %(now)s
      FROM due
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = due.guid AND target.state IN (30, 50, 52, 55)
    RETURNING target.guid, target.state, target.code, due.import_id, due.gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(entry_id)s,
           CASE WHEN state IN (31, 41, 51) THEN 5 WHEN state = 90 THEN 11 ELSE 4 END, code
      FROM moved WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(entry_id)s,
           CASE WHEN state IN (31, 41, 51) THEN 5 WHEN state = 90 THEN 11 ELSE 4 END, code
      FROM moved WHERE gas_id IS DISTINCT FROM import_id AND gas_id IS NOT NULL
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM moved WHERE state IN (31, 41, 51, 90)))
)
SELECT (SELECT count(*) FROM said) AS said, (SELECT count(*) FROM moved) AS moved
