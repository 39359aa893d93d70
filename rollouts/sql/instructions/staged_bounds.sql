-- Say from where to where the party's own hubs among staged GUIDs reach; both are NULL where there are none.
SELECT min(coalesce(i.guid, g.guid)) AS first_guid, max(coalesce(i.guid, g.guid)) AS last_guid FROM {own_hubs}
