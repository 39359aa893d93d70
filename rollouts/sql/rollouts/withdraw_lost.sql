-- Withdraw those of the named targets that are still lost (as lost_targets has it), in GUID order, let go of
-- their hubs, and tell each hub's Suppliers. A hub that has gone and that another took the place of was exchanged.
WITH lost AS (
    SELECT t.guid, t.import_supplier_id AS imports, t.gas_supplier_id AS gas,
           CASE WHEN h.guid IS NULL THEN {FailureCode.EXCHANGED}
                WHEN h.smi_status IN ({GONE_SMI_STATUSES})
                THEN CASE WHEN EXISTS (SELECT FROM rollouts_hub_history AS known
                                        WHERE known.guid = h.guid AND known.kind = {HistoryKind.EXCHANGED}
                                          AND known.old_value = {hub})
                          THEN {FailureCode.EXCHANGED} ELSE {FailureCode.DECOMMISSIONED} END
                WHEN h.device_model_id <> %(device_model_id)s THEN {FailureCode.EXCHANGED}
                ELSE {FailureCode.NO_LONGER_ELIGIBLE} END AS code
      FROM rollouts_target AS t
      LEFT JOIN rollouts_hub AS h ON h.guid = t.guid
     WHERE t.rollout_id = %(rollout_id)s AND t.guid = ANY(%(guids)s) AND rollouts_stage_of(t.state) < {SETTLED}
       AND (h.guid IS NULL
            OR h.smi_status IN ({GONE_SMI_STATUSES})
            OR h.device_model_id <> %(device_model_id)s
            OR t.state IN ({WAITING_STATES}) AND NOT ({SUITABLE}))
     ORDER BY t.guid
       FOR NO KEY UPDATE OF t
), withdrawn AS (
    UPDATE rollouts_target AS t
       SET state = {TargetState.WITHDRAWN}, code = lost.code, state_at = %(now)s
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
