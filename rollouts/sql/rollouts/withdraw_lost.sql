-- Withdraw those of the named targets that are still lost (as lost_targets has it), in GUID order, let go of
-- their hubs, and tell each hub's Suppliers. A hub that has gone and that another took the place of was exchanged.
WITH lost AS (
    SELECT t.guid, t.import_supplier_id AS imports, t.gas_supplier_id AS gas,
           CASE WHEN h.guid IS NULL THEN 61
                WHEN h.smi_status IN (5, 6)
                THEN CASE WHEN EXISTS (SELECT FROM rollouts_hub_history AS known
                                        WHERE known.guid = h.guid AND known.kind = 8 AND known.old_value = {hub})
                          THEN 61 ELSE 60 END
                WHEN h.device_model_id <> %(device_model_id)s THEN 61 ELSE 65 END AS code
      FROM rollouts_target AS t
      LEFT JOIN rollouts_hub AS h ON h.guid = t.guid
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = ANY(%(guids)s) AND rollouts_stage_of(t.state) < 2
       AND (h.guid IS NULL
            OR h.smi_status IN (5, 6)
            OR h.device_model_id <> %(device_model_id)s
            OR t.state IN (10, 20, 40, 56) AND NOT ({suitable}))
     ORDER BY t.guid
       FOR NO KEY UPDATE OF t
), withdrawn AS (
    UPDATE rollouts_target AS t
       SET state = 90, code = lost.code, state_at = %(now)s
      FROM lost
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = lost.guid
), freed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM lost))
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT lost.guid, %(now)s, party.id, %(rollout_id)s, %(cpl_entry_id)s, %(kind)s, lost.code
      FROM lost
     CROSS JOIN LATERAL (SELECT lost.imports UNION SELECT lost.gas) AS party (id)
     WHERE party.id IS NOT NULL
)
SELECT code, count(*) AS hubs FROM lost GROUP BY code ORDER BY code
