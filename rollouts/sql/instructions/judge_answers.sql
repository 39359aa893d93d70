-- Say for each GUID of a staging table why it is not taken, or count where it would lead if it is.
-- A hub of another Supplier and a hub nobody knows take the same way through this statement: each GUID is looked for in
-- the party's own part of the keys by Supplier, and only what is there is looked at. No page of a table is read for
-- another's hub that would not be for none.
WITH placed AS MATERIALIZED (
    SELECT s.guid AS asked, s.line_no, coalesce(i.guid, g.guid) AS own_guid, t.*
      FROM {own_hubs}
      LEFT JOIN (SELECT t.guid, t.state, {consent} AS consent,
                        {effective_at} AS new_effective_at,
                        {answered}, {columns}
                   FROM rollouts_target AS t
                  WHERE t.rollout_id = %(rollout_id)s AND t.guid BETWEEN %(first_guid)s AND %(last_guid)s
                    AND {is_mine}) AS t ON t.guid = coalesce(i.guid, g.guid)
), stray AS MATERIALIZED (
    -- Set apart, as they are few: only these are looked for in the inventory.
    SELECT asked AS guid, line_no, own_guid FROM placed WHERE guid IS NULL OR state = {TargetState.WITHDRAWN}
), judged AS (
    SELECT t.asked AS guid, t.line_no, NULL::bigint AS chf_guid, t.consent, t.new_effective_at, {agreed_time} AS agreed_at,
           NOT {is_chosen} AS is_unchosen,
           CASE
               {reasons}
           END AS reason
      FROM placed AS t
     WHERE t.state <> {TargetState.WITHDRAWN}
     UNION ALL
    SELECT s.guid, s.line_no, g.chf_guid, NULL, NULL, NULL, NULL,
           CASE
               WHEN h.guid IS NULL AND g.chf_guid IS NULL THEN 'UNKNOWN_DEVICE'
               WHEN h.guid IS NULL THEN 'NOT_A_CHF'
               WHEN h.region = {Region.SMETS1} OR h.smets_generation = 1 THEN 'SMETS1_OUT_OF_SCOPE'
               WHEN h.smi_status IN ({RECOVERING_SMI_STATUSES}) THEN 'RECOVERY_IN_PROGRESS'
               WHEN h.smi_status IN ({GONE_SMI_STATUSES}) THEN 'LEFT_SERVICE'
               WHEN h.smi_status NOT IN ({ELIGIBLE_SMI_STATUSES}) THEN 'NOT_COMMISSIONED'
               WHEN h.device_model_id <> %(model_id)s THEN 'MODEL_MISMATCH'
               WHEN h.cpl_entry_id = %(version_id)s THEN 'ALREADY_AT_VERSION'
               WHEN h.cpl_entry_id <> ALL(%(predecessors)s::integer[]) THEN 'UPGRADE_PATH'
               WHEN EXISTS (SELECT FROM rollouts_target AS o
                             WHERE o.rollout_id = ANY(%(other_rollouts)s::integer[])
                               AND o.guid = s.guid AND o.state NOT IN ({FAILED_STATES, TERMINAL_STATES}))
                 THEN 'OTHER_UPDATE_IN_PROGRESS'
               ELSE 'NOT_IN_ROLLOUT'
           END
      FROM stray AS s
      LEFT JOIN (SELECT h.guid, h.region, h.smi_status, h.device_model_id, h.cpl_entry_id, m.smets_generation
                   FROM rollouts_hub AS h
                   JOIN rollouts_devicemodel AS m ON m.id = h.device_model_id) AS h
             ON h.guid = s.own_guid
      LEFT JOIN (SELECT g.gpf_guid, g.guid AS chf_guid
                   FROM rollouts_hub AS g
                  WHERE g.import_supplier_id = %(party_id)s OR g.gas_supplier_id = %(party_id)s) AS g
             ON g.gpf_guid = s.guid
)
SELECT guid, line_no, reason, chf_guid, NULL::smallint AS consent, NULL::date AS day,
       NULL::timestamptz AS agreed_at, NULL::boolean AS is_unchosen, 1::bigint AS n
  FROM judged WHERE reason IS NOT NULL
 UNION ALL
-- Hubs share few times: counted by time, and by day only then, as the change of zone costs as much as a probe.
SELECT NULL, NULL, NULL, NULL, consent, (new_effective_at AT TIME ZONE 'Europe/London')::date, agreed_at, is_unchosen,
       sum(n)::bigint
  FROM (SELECT consent, new_effective_at, agreed_at, is_unchosen, count(*) AS n
          FROM judged WHERE reason IS NULL GROUP BY consent, new_effective_at, agreed_at, is_unchosen) AS by_time
 GROUP BY 5, 6, 7, 8
