-- Claim a ready command: lock and judge each of its hubs again, mark those that still are right, and shrink the
-- command to them. Right is: the state it was planned from, consent final, its batch open, the time still the one
-- planned for, the Suppliers still those of the inventory, the hub still there, in the command's region and on a version
-- this one may follow, and no other rollout's upgrade in flight on it. Answers with the number of hubs left; no row when
-- it was not ready.
WITH command AS (
    SELECT id, guids, region, execute_at FROM rollouts_command
     WHERE id = %(command_id)s AND status = {CommandStatus.READY}
       FOR NO KEY UPDATE
), asked AS (
    SELECT unnest(guids) AS guid FROM command
), member AS (
    SELECT target.guid, target.import_supplier_id, target.gas_supplier_id
      FROM rollouts_target AS target
      JOIN asked ON asked.guid = target.guid
     WHERE target.rollout_id = %(rollout_id)s
       AND target.state = %(from_state)s
       AND target.consent >= {Consent.COMPLETE}
       AND target.batch_id = ANY(%(batches)s)
       AND (%(from_state)s = {TargetState.SCHEDULED} OR target.effective_at <= %(now)s
            OR target.effective_at = (SELECT execute_at FROM command))
     ORDER BY target.guid
       FOR NO KEY UPDATE OF target
), suited AS (
    SELECT member.guid
      FROM member
      JOIN rollouts_hub AS hub ON hub.guid = member.guid
     WHERE hub.import_supplier_id IS NOT DISTINCT FROM member.import_supplier_id
       AND hub.gas_supplier_id IS NOT DISTINCT FROM member.gas_supplier_id
       AND hub.cpl_entry_id = ANY(%(predecessors)s::integer[])
       AND hub.smi_status IN ({ELIGIBLE_SMI_STATUSES})
       AND (hub.region = (SELECT region FROM command)
            OR hub.region NOT IN (SELECT region FROM rollouts_cspchannel))
), flown AS (
    INSERT INTO rollouts_hub_in_flight (guid, rollout_id)
    SELECT guid, %(rollout_id)s FROM suited ORDER BY guid
    ON CONFLICT (guid) DO NOTHING
    RETURNING guid
), passed AS (
    SELECT guid FROM flown
     UNION ALL
    SELECT suited.guid FROM suited
      JOIN rollouts_hub_in_flight AS flight ON flight.guid = suited.guid AND flight.rollout_id = %(rollout_id)s
), moved AS (
    UPDATE rollouts_target AS target
       SET state = %(to_state)s, state_at = %(now)s, command_id = %(command_id)s, attempts = target.attempts + 1
      FROM passed
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = passed.guid
    RETURNING target.guid
), left_over AS (
    SELECT coalesce(array_agg(guid), '{}') AS guids, count(*)::int AS hubs FROM moved
)
UPDATE rollouts_command AS claimed
   SET status = {CommandStatus.CLAIMED}, claimed_at = %(now)s, next_try_at = NULL,
       guids = left_over.guids, hub_count = left_over.hubs,
       execute_at = CASE WHEN coalesce(%(later_at)s, command.execute_at) > %(now)s
                         THEN coalesce(%(later_at)s, command.execute_at) END
  FROM command, left_over
 WHERE claimed.id = command.id
RETURNING claimed.hub_count
