-- Name the regions where something is ready or unsent, whose channel is not paused, and whose lease is free.
SELECT DISTINCT channel.region
  FROM rollouts_cspchannel AS channel
  JOIN rollouts_command AS command ON command.region = channel.region
  LEFT JOIN rollouts_rollout AS rollout ON rollout.id = command.rollout_id
 WHERE (channel.paused_until IS NULL OR channel.paused_until <= clock_timestamp())
   AND (   command.status = {CommandStatus.READY} AND command.due_at <= %(now)s
           AND (command.kind IN ({CommandKind.CANCEL, CommandKind.READ}) OR rollout.status = ANY(%(running)s))
        OR command.status = {CommandStatus.CLAIMED}
           AND (command.next_try_at IS NULL OR command.next_try_at <= clock_timestamp()))
   AND NOT EXISTS (SELECT FROM pg_locks
                    WHERE locktype = 'advisory' AND classid = %(lock_class)s AND objid = channel.region
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
 ORDER BY channel.region
