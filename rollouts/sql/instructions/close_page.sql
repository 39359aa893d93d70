-- Let what is still awaited default on one page of targets, walking them by GUID; the time stays as it is.
-- Running it again changes nothing: what has defaulted is awaited no more. Rows are locked in the order of
-- their GUIDs.
WITH page AS (
    SELECT t.guid, t.consent
      FROM rollouts_target AS t
     WHERE t.rollout_id = %(rollout_id)s AND t.guid > %(after)s
     ORDER BY t.guid
     LIMIT %(size)s
), closed AS (
    UPDATE rollouts_target AS t
       SET consent = {Consent.DEFAULTED},
           state = CASE WHEN t.state = {TargetState.ELIGIBLE} THEN {TargetState.SCHEDULED} ELSE t.state END,
           state_at = CASE WHEN t.state = {TargetState.ELIGIBLE} THEN %(now)s ELSE t.state_at END
     WHERE t.rollout_id = %(rollout_id)s
       AND t.guid = ANY(ARRAY(SELECT guid FROM page WHERE consent < {Consent.COMPLETE} ORDER BY guid))
       AND t.batch_id = ANY(%(batch_ids)s::integer[])
       AND t.consent < {Consent.COMPLETE}
       AND t.state NOT IN ({TERMINAL_STATES})
    RETURNING 1
)
SELECT max(page.guid) AS last_guid, count(*) AS seen, (SELECT count(*) FROM closed) AS closed FROM page
