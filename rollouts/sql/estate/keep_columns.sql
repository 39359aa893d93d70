-- Let known hubs keep what the file has no column for.
UPDATE rollouts_staged_hub AS s SET {settings} FROM rollouts_hub AS h WHERE h.guid = s.guid
