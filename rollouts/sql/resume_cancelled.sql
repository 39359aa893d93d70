-- Take up again the hubs whose activation was cancelled while the rollout stood: the image is still on them.
UPDATE rollouts_target
   SET state = 40, code = 0, state_at = %(now)s, command_id = NULL
 WHERE rollout_id = %(rollout_id)s AND state = 56
