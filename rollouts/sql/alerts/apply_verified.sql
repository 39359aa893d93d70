-- The hub holds the image and has verified it: alert 0x8F72. A report that comes late, after a failure or
-- a retry, still counts; one that comes after the activation, or once the rollout is over and the hub has failed in
-- it, changes nothing: nobody would go on with that hub, and it would never be let go of. Nor does one for a hub that
-- has failed and that another rollout upgrades since.
WITH said AS (
    SELECT DISTINCT ON (guid) guid, import_id, gas_id
      FROM judged_alert
     WHERE rollout_id = %(rollout_id)s AND why IS NULL AND code = {AlertCode.VERIFIED}
     ORDER BY guid
), moved AS (
    UPDATE {target} AS target
       SET state = {TargetState.DISTRIBUTED}, code = {FailureCode.NONE}, state_at = %(now)s,
           -- An image sent again because it could not be activated: those attempts go on being counted.
           attempts = CASE WHEN target.code IN ({FailureCode.NO_IMAGE_HELD, FailureCode.HASH_MISMATCH})
                           THEN target.attempts - (target.state = {TargetState.DISTRIBUTING})::int ELSE 0 END
      FROM said
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = said.guid
       AND (target.state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED, TargetState.DISTRIBUTING})
            OR target.state IN ({TargetState.DISTRIBUTION_FAILED, TargetState.VERIFICATION_FAILED}) AND NOT %(is_over)s
               AND NOT EXISTS (SELECT FROM rollouts_hub_in_flight AS flight
                                WHERE flight.guid = said.guid AND flight.rollout_id <> %(rollout_id)s))
    RETURNING target.guid, said.import_id, said.gas_id
), flying AS (
    INSERT INTO rollouts_hub_in_flight (guid, rollout_id) SELECT guid, %(rollout_id)s FROM moved
    ON CONFLICT DO NOTHING
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(entry_id)s, {EntryKind.HUB_DISTRIBUTED}, {FailureCode.NONE}
      FROM moved WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(entry_id)s, {EntryKind.HUB_DISTRIBUTED}, {FailureCode.NONE}
      FROM moved WHERE gas_id IS DISTINCT FROM import_id AND gas_id IS NOT NULL
)
SELECT (SELECT count(*) FROM said) AS said, (SELECT count(*) FROM moved) AS moved
