-- Put alerts back in line that came before their hub was in the inventory, at most so many, in the order they were
-- kept. They leave what fits nothing (what somebody has reviewed stays there, marked), count as not received, and are
-- written as a call of their CSP once more: applied as any other is, they end as if the hub had been known all along.
WITH early AS MATERIALIZED (
    SELECT u.id, u.alert_id, u.csp_id, u.guid, u.code, u.occurred_at, u.received_at, u.reviewed_at, u.data
      FROM rollouts_unmatchedalert AS u
     WHERE u.why = 'UNKNOWN_HUB' AND u.id > %(after)s
       AND EXISTS (SELECT FROM rollouts_hub AS h WHERE h.guid = u.guid)
     ORDER BY u.id
     LIMIT %(size)s
       FOR UPDATE SKIP LOCKED
), freed AS (
    DELETE FROM rollouts_unmatchedalert AS u USING early WHERE u.id = early.id AND early.reviewed_at IS NULL
), marked AS (
    UPDATE rollouts_unmatchedalert AS u SET why = 'CAME_EARLY'
      FROM early WHERE u.id = early.id AND early.reviewed_at IS NOT NULL
), forgotten AS (
    DELETE FROM rollouts_csp_alert AS alert USING early
     WHERE alert.occurred_at = early.occurred_at AND alert.alert_id = early.alert_id
), in_line AS (
    INSERT INTO rollouts_csp_alert_batch (csp_id, received_at, count, payload, attempts, problem)
    SELECT csp_id, min(received_at), count(*),
           convert_to(string_agg(concat_ws(E'\t', alert_id, occurred_at, guid, code,
                                           coalesce(data ->> 'command_id', '\N'), data ->> 'reason',
                                           data ->> 'firmware_version') || E'\n', '' ORDER BY id), 'UTF8'),
           0, ''
      FROM early
     GROUP BY csp_id
     ORDER BY csp_id
)
SELECT count(*) AS alerts, max(id) AS latest FROM early
