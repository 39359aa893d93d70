-- Hold the known hubs to which a file gives another version than they have, in GUID order: what an alert is about to
-- say of one of them is waited for, and the next statement sees it.
WITH held AS MATERIALIZED (
    SELECT h.guid
      FROM rollouts_staged_hub AS s
      JOIN rollouts_hub AS h ON h.guid = s.guid
     WHERE h.cpl_entry_id <> s.cpl_entry_id
     ORDER BY h.guid
       FOR NO KEY UPDATE OF h
)
SELECT count(*) AS hubs FROM held
