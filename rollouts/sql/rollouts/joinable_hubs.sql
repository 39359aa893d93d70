-- Name the hubs that qualify and have no place in the rollout, or one they lost by no longer qualifying.
SELECT h.guid
  FROM rollouts_hub AS h
  LEFT JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = h.guid
 WHERE {SUITABLE}
   AND (t.guid IS NULL OR t.state = {TargetState.WITHDRAWN} AND t.code = ANY(%(passing_codes)s))
   AND {UNTAKEN}
 ORDER BY h.guid
