-- Hold all rollouts but drafts as they stand until the commit, in the order in which everybody locks them.
SELECT id FROM rollouts_rollout WHERE status <> %(draft)s ORDER BY id FOR SHARE
