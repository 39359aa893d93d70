-- What waits, what is stuck, and what went lately, per region.
SELECT region,
       count(*) FILTER (WHERE status = 1) AS ready_commands,
       sum(hub_count) FILTER (WHERE status = 1) AS ready_hubs,
       min(due_at) FILTER (WHERE status = 1) AS waiting_since,
       count(*) FILTER (WHERE status = 2) AS unsent_commands,
       count(*) FILTER (WHERE status = 5 AND claimed_at >= %(day_ago)s) AS refused_commands,
       sum(hub_count) FILTER (WHERE status = 3 AND sent_at >= %(hour_ago)s) AS sent_hubs
  FROM rollouts_command
 WHERE status IN (1, 2) OR sent_at >= %(hour_ago)s OR status = 5 AND claimed_at >= %(day_ago)s
 GROUP BY region
