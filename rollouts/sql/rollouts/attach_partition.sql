-- Attach the filled partition of a rollout's targets: from here on they are seen.
SELECT rollouts_attach_target_partition(%(rollout_id)s)
