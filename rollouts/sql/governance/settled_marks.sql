-- Say of each rollout how far its settled hubs, its incidents and its rules have come: what has not moved needs no
-- second look.
SELECT rollout.id, (SELECT max(id) FROM rollouts_settled WHERE rollout_id = rollout.id) AS settled,
       (SELECT string_agg(id || ':' || status || ':' || hubs, ',' ORDER BY id) FROM rollouts_incident
         WHERE rollout_id = rollout.id) AS incidents,
       (SELECT md5(string_agg(rule::text, ',' ORDER BY id)) FROM rollouts_halt_rule AS rule
         WHERE rollout_id = rollout.id) AS rules,
       (SELECT md5(string_agg(issue::text, ',' ORDER BY id)) FROM rollouts_knownissue AS issue) AS issues
  FROM unnest(%(rollouts)s::integer[]) AS rollout (id)
