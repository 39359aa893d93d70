-- Count a rollout's targets by the version they came from, and by state: the tallies do not know of versions.
SELECT from_cpl_entry_id AS version_id, state, count(*) AS hubs
  FROM rollouts_target
 WHERE rollout_id = %(rollout_id)s
 GROUP BY 1, 2
