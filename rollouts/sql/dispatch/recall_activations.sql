-- Make a cancel for each activation command that was taken and lies ahead, once: the claim of the cancel finds out
-- which of its hubs still hold it. No target is read, so that a halt answers at once whatever its size.
WITH recalled AS (
    UPDATE rollouts_command
       SET recalled_at = %(now)s
     WHERE rollout_id = %(rollout_id)s AND status = {CommandStatus.SENT} AND kind = {CommandKind.ACTIVATE}
       AND execute_at > %(now)s AND recalled_at IS NULL
    RETURNING region, guids, hub_count, cpl_entry_id, execute_at
)
INSERT INTO rollouts_command (rollout_id, kind, status, region, guids, hub_count, cpl_entry_id, execute_at, due_at,
                              created_at, attempts, problem)
SELECT %(rollout_id)s, {CommandKind.CANCEL}, {CommandStatus.READY}, region, guids, hub_count, cpl_entry_id, execute_at,
       %(now)s, %(now)s, 0, ''
  FROM recalled
 ORDER BY execute_at, region
RETURNING hub_count
