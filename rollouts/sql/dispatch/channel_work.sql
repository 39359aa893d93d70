-- What waits, what is stuck, and what went lately, per region.
SELECT region,
       count(*) FILTER (WHERE status = {CommandStatus.READY}) AS ready_commands,
       sum(hub_count) FILTER (WHERE status = {CommandStatus.READY}) AS ready_hubs,
       min(due_at) FILTER (WHERE status = {CommandStatus.READY}) AS waiting_since,
       count(*) FILTER (WHERE status = {CommandStatus.CLAIMED}) AS unsent_commands,
       count(*) FILTER (WHERE status = {CommandStatus.REFUSED} AND claimed_at >= %(day_ago)s) AS refused_commands,
       sum(hub_count) FILTER (WHERE status = {CommandStatus.SENT} AND sent_at >= %(hour_ago)s) AS sent_hubs
  FROM rollouts_command
 WHERE status IN ({CommandStatus.READY, CommandStatus.CLAIMED}) OR sent_at >= %(hour_ago)s
    OR status = {CommandStatus.REFUSED} AND claimed_at >= %(day_ago)s
 GROUP BY region
