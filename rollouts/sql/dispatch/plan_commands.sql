-- Turn what is due in one rollout into commands, in one scan of its targets: images for hubs whose time is settled
-- (instructed ones at once, the others once their day's distribution must begin), activations a lead ahead of
-- a time that DCC or a Supplier has named; once any other time has come, in the hours of activation: of the first night
-- that has room for the hub, in the slot that its hash and its Suppliers' own hours give it (`rollouts.rules.activation`
-- in SQL). A hub in a command that waits already, in a retry's wait, or in another rollout's hands is left out.
-- Hubs are shuffled by a seeded hash within region and day, so that no radio cell is flooded.
WITH way AS (
    SELECT *
      FROM unnest(%(regions)s::smallint[], %(distribute_rooms)s::bigint[], %(activate_rooms)s::bigint[],
                  %(default_throughs)s::timestamptz[], %(lead_untils)s::timestamptz[])
        AS way (region, distribute_room, activate_room, default_through, lead_until)
), pause (code, attempts, wait, back_to) AS (
    {RETRY_POLICIES}
), planned AS (
    SELECT unnest(guids) AS guid FROM rollouts_command
     WHERE rollout_id = %(rollout_id)s AND status = {CommandStatus.READY}
       AND kind IN ({CommandKind.DISTRIBUTE, CommandKind.ACTIVATE})
), night AS (
    SELECT number, night.first, night.last
      FROM unnest(%(night_firsts)s::bigint[], %(night_lasts)s::bigint[]) WITH ORDINALITY AS night (first, last, number)
), slots AS (
    SELECT number, imports, gas, array_agg(until ORDER BY until, at) AS untils, array_agg(at ORDER BY until, at) AS ats
      FROM unnest(%(slot_nights)s::bigint[], %(slot_imports)s::integer[], %(slot_gas)s::integer[],
                  %(slot_untils)s::float8[], %(slot_ats)s::timestamptz[]) AS slot (number, imports, gas, until, at)
     GROUP BY number, imports, gas
), placed AS (
    SELECT target.*,
           {is_chosen} AS is_chosen
      FROM rollouts_target AS target
      JOIN rollouts_batch AS batch ON batch.id = target.batch_id
     WHERE target.rollout_id = %(rollout_id)s AND target.state IN ({TargetState.SCHEDULED, TargetState.DISTRIBUTED})
), due AS (
    SELECT target.guid, target.region, target.batch_id,
           target.state = {TargetState.DISTRIBUTED}
           AND NOT (target.is_chosen AND target.effective_at >= %(chosen_since)s) AS is_moved,
           CASE WHEN target.import_supplier_id = ANY(%(with_hours)s::integer[]) THEN target.import_supplier_id ELSE 0 END
             AS imports,
           CASE WHEN target.gas_supplier_id = ANY(%(with_hours)s::integer[]) THEN target.gas_supplier_id ELSE 0 END AS gas,
           CASE target.state WHEN {TargetState.SCHEDULED} THEN {CommandKind.DISTRIBUTE}
                             ELSE {CommandKind.ACTIVATE} END AS kind,
           CASE target.state WHEN {TargetState.SCHEDULED} THEN way.distribute_room ELSE way.activate_room END AS room,
           CASE WHEN target.state = {TargetState.DISTRIBUTED} AND target.effective_at > %(now)s
                THEN target.effective_at END AS execute_at,
           row_number() OVER (PARTITION BY target.region, target.state
                                  ORDER BY (target.effective_at AT TIME ZONE 'Europe/London')::date,
                                           hashint8extended(target.guid, %(seed)s)) AS place
      FROM placed AS target
      JOIN way ON way.region = target.region
      LEFT JOIN pause ON pause.code = target.code
     WHERE (   target.state = {TargetState.SCHEDULED} AND way.distribute_room > 0
               AND target.batch_id = ANY(%(distribute_batches)s)
               AND (target.consent = {Consent.COMPLETE} OR target.import_answer = {Answer.INSTRUCTED}
                    OR target.gas_answer = {Answer.INSTRUCTED}
                    OR target.effective_at < way.default_through)
            OR target.state = {TargetState.DISTRIBUTED} AND way.activate_room > 0
               AND target.batch_id = ANY(%(activate_batches)s)
               AND target.consent >= {Consent.COMPLETE}
               AND target.effective_at <= CASE WHEN target.is_chosen THEN way.lead_until ELSE %(now)s END)
       AND (pause.wait IS NULL OR target.state_at + pause.wait <= %(now)s)
       AND NOT EXISTS (SELECT FROM planned WHERE planned.guid = target.guid)
       AND NOT EXISTS (SELECT FROM rollouts_hub_in_flight AS flight
                        WHERE flight.guid = target.guid AND flight.rollout_id <> %(rollout_id)s)
), ranked AS (
    SELECT due.*, row_number() OVER (PARTITION BY is_moved ORDER BY hashint8extended(guid, %(seed)s)) - 1 AS rank
      FROM due
     WHERE place <= room
), timed AS (
    SELECT ranked.guid, ranked.region, ranked.batch_id, ranked.kind, ranked.place,
           CASE WHEN NOT ranked.is_moved THEN ranked.execute_at
                ELSE slots.ats[least(width_bucket((hashint8extended(ranked.guid, %(seed)s + 1) & 4294967295)
                                                  / 4294967296::float8, slots.untils) + 1,
                                     cardinality(slots.ats))] END AS execute_at
      FROM ranked
      LEFT JOIN night ON ranked.is_moved AND ranked.rank >= night.first AND ranked.rank < night.last
      LEFT JOIN slots ON slots.number = night.number AND slots.imports = ranked.imports AND slots.gas = ranked.gas
     WHERE NOT ranked.is_moved OR slots.number IS NOT NULL
), kept AS (
    SELECT guid, region, batch_id, kind, execute_at,
           (row_number() OVER (PARTITION BY region, kind, batch_id, execute_at ORDER BY place) - 1) / %(size)s AS part
      FROM timed
)
INSERT INTO rollouts_command (rollout_id, kind, status, region, guids, hub_count, cpl_entry_id, execute_at, due_at,
                              created_at, attempts, problem)
SELECT %(rollout_id)s, kind, {CommandStatus.READY}, region, array_agg(guid), count(*), %(cpl_entry_id)s, execute_at,
       %(now)s, %(now)s, 0, ''
  FROM kept
 GROUP BY kind, region, batch_id, execute_at, part
 ORDER BY kind, execute_at, part, region
RETURNING kind, region, hub_count
