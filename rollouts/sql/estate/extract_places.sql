-- Hand over where hubs between two GUIDs stand in a rollout: to one Supplier its own, or all. State and consent share
-- a number.
SELECT string_agg(int8send(t.guid), ''::bytea) AS guids, string_agg(int2send((t.consent * 256 + t.state)::smallint), ''::bytea) AS states,
       string_agg(int8send(floor(date_part('epoch', t.effective_at))::bigint), ''::bytea) AS times
  FROM (SELECT guid, state, consent, effective_at
          FROM rollouts_target
         WHERE rollout_id = %(rollout_id)s AND guid BETWEEN %(first)s AND %(last)s AND state <> {TargetState.WITHDRAWN}
           AND rollouts_stage_of(state) = ANY(%(stages)s)
           AND (%(party)s::int IS NULL OR import_supplier_id = %(party)s OR gas_supplier_id = %(party)s)
         ORDER BY guid) AS t
