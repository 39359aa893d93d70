-- Name the rollouts of which the alerts of a batch speak, in the order in which everybody locks them.
SELECT DISTINCT rollout_id AS id FROM judged_alert WHERE why IS NULL ORDER BY rollout_id
