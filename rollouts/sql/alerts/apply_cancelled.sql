-- What became of a cancel: confirmed, the hub waits (or goes on, where the rollout runs again; or leaves, where
-- it has ended); failed, the activation is under way as before and is watched as before. A hub that had defaulted only
-- because its activation stood (its Suppliers or its dates changed) is asked for again while its window is open for
-- another day: what this did while the window closes would be passed over.
WITH said AS (
    SELECT DISTINCT ON (guid, command_id) guid, command_id, occurred_at, code, import_id, gas_id
      FROM judged_alert
     WHERE rollout_id = %(rollout_id)s AND why IS NULL AND code IN ({AlertCode.CANCELLED, AlertCode.CANCEL_FAILED})
     ORDER BY guid, command_id, occurred_at DESC
), moved AS (
    UPDATE {target} AS target
       SET state = CASE WHEN said.code = {AlertCode.CANCEL_FAILED} THEN {TargetState.ACTIVATING}
                        WHEN %(has_ended)s THEN {TargetState.WITHDRAWN}
                        WHEN %(is_running)s THEN {TargetState.DISTRIBUTED}
                        ELSE {TargetState.CANCELLED} END,
           code = CASE WHEN said.code = {AlertCode.CANCEL_FAILED} THEN {FailureCode.CANCEL_FAILED}
                       ELSE {FailureCode.NONE} END,
           -- What was recalled was no attempt. A hub that waits has its back when it is taken up again.
           attempts = CASE WHEN said.code = {AlertCode.CANCELLED} AND %(is_running)s
                           THEN greatest(target.attempts - 1, 0) ELSE target.attempts END,
           state_at = %(now)s,
           consent = CASE WHEN said.code = {AlertCode.CANCEL_FAILED} OR %(has_ended)s
                            OR target.consent <> {Consent.DEFAULTED}
                            OR %(now)s + interval '1 day' > coalesce((SELECT cutoff_at FROM rollouts_batch
                                                                       WHERE id = target.batch_id), %(cutoff_at)s)
                          THEN target.consent
                          WHEN target.import_supplier_id <> target.gas_supplier_id
                          THEN CASE WHEN {Answer.INSTRUCTED} IN (target.import_answer, target.gas_answer)
                                    THEN {Consent.AWAITING_SECOND} ELSE {Consent.AWAITING_BOTH} END
                          ELSE {Consent.AWAITING} END
      FROM said
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = said.guid AND target.state = {TargetState.CANCELLING}
       AND (said.code = {AlertCode.CANCELLED} OR target.consent >= {Consent.COMPLETE})
       AND (said.command_id = target.command_id
            OR (said.command_id IS NULL AND said.occurred_at >= target.state_at))
    RETURNING target.guid, target.state, target.code, said.import_id, said.gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(entry_id)s, {EntryKind.HUB_CANCELLED}, code FROM moved
     WHERE import_id IS NOT NULL AND state <> {TargetState.ACTIVATING}
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(entry_id)s, {EntryKind.HUB_CANCELLED}, code FROM moved
     WHERE gas_id IS DISTINCT FROM import_id AND gas_id IS NOT NULL AND state <> {TargetState.ACTIVATING}
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s
       AND guid = ANY (ARRAY(SELECT guid FROM moved WHERE state = {TargetState.WITHDRAWN}))
)
SELECT (SELECT count(*) FROM said) AS said, (SELECT count(*) FROM moved) AS moved
