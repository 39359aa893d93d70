-- Make the partition of a rollout's targets, to be filled before it is attached; answers with its name.
SELECT rollouts_make_target_partition(%(rollout_id)s) AS name
