-- The date until which a rollout's unreachable hubs are tried has passed: those still out of reach have failed.
-- A hub without the image could not be reached until the end (19); one with it could not be told to activate (33).
-- A hub in a region that no CSP serves (its region is unknown) was out of reach all along.
WITH lost AS (
    SELECT guid
      FROM rollouts_target
     WHERE rollout_id = %(rollout_id)s
       AND (state IN (10, 20) AND (code = 10 OR region NOT IN (SELECT region FROM rollouts_cspchannel))
            OR state = 40 AND code = 33)
     ORDER BY guid
     LIMIT %(most)s
       FOR NO KEY UPDATE
), moved AS (
    UPDATE rollouts_target AS target
       SET state = CASE target.code WHEN 33 THEN 51 ELSE 31 END, code = CASE target.code WHEN 33 THEN 33 ELSE 19 END,
           state_at = %(now)s
      FROM lost
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = lost.guid
    RETURNING target.guid, target.code, target.import_supplier_id AS import_id, target.gas_supplier_id AS gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(cpl_entry_id)s, 5, code FROM moved WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(cpl_entry_id)s, 5, code FROM moved
     WHERE gas_id IS NOT NULL AND gas_id IS DISTINCT FROM import_id
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM moved))
)
SELECT count(*)::bigint AS hubs FROM moved
