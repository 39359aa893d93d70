-- Say from where to where the staged GUIDs reach; both are NULL where there are none.
SELECT min(guid) AS first_guid, max(guid) AS last_guid FROM rollouts_staged_guid
