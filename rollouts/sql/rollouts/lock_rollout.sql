-- Hold a rollout alone until the commit: waits for those who hold it as it stands.
SELECT id FROM rollouts_rollout WHERE id = %(rollout_id)s FOR NO KEY UPDATE
