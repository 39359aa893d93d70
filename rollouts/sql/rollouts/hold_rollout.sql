-- Hold a rollout as it stands until the commit, beside others who do so: a step waits for those who hold it.
SELECT id, status FROM rollouts_rollout WHERE id = %(rollout_id)s FOR SHARE
