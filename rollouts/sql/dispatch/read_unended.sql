-- Make readings, of no rollout and for nobody, for every hub that has not come to its end in a rollout under way and that
-- a CSP serves. What a hub then says it runs counts as it always does; that it runs the version it had is no failure.
WITH unended AS (
    SELECT DISTINCT target.guid, target.region
      FROM rollouts_target AS target
      JOIN rollouts_rollout AS rollout ON rollout.id = target.rollout_id
      JOIN rollouts_cspchannel AS channel ON channel.region = target.region
     WHERE rollout.status = ANY(%(open)s) AND target.state NOT IN ({TERMINAL_STATES})
), parted AS (
    SELECT guid, region, (row_number() OVER (PARTITION BY region ORDER BY guid) - 1) / %(size)s AS part FROM unended
), made AS (
    INSERT INTO rollouts_command (kind, status, region, guids, hub_count, due_at, created_at, attempts, problem)
    SELECT {CommandKind.READ}, {CommandStatus.READY}, region, array_agg(guid), count(*), %(now)s, %(now)s, 0, ''
      FROM parted GROUP BY region, part
    RETURNING hub_count
)
SELECT coalesce(sum(hub_count), 0)::bigint AS hubs FROM made
