-- Count the hubs of a rollout that are proposed for its pilot and wait for an answer, each once.
SELECT count(DISTINCT m.guid) AS hubs
  FROM rollouts_pilotsubmission AS s
  JOIN rollouts_pilotmember AS m ON m.submission_id = s.id
  JOIN rollouts_target AS t ON t.rollout_id = s.rollout_id AND t.guid = m.guid
 WHERE s.rollout_id = %(rollout_id)s AND s.status = 'PROPOSED' AND t.batch_id <> %(pilot_id)s
