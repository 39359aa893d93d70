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
       SET consent = 5,
           state = CASE WHEN t.state = 10 THEN 20 ELSE t.state END,
           state_at = CASE WHEN t.state = 10 THEN %(now)s ELSE t.state_at END
     WHERE t.rollout_id = %(rollout_id)s
       AND t.guid = ANY(ARRAY(SELECT guid FROM page WHERE consent < 4 ORDER BY guid))
       AND t.batch_id = ANY(%(batch_ids)s::integer[])
       AND t.consent < 4
       AND t.state NOT IN (60, 90)
    RETURNING 1
)
SELECT max(page.guid) AS last_guid, count(*) AS seen, (SELECT count(*) FROM closed) AS closed FROM page
