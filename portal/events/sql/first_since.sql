-- Find the first position of a party's feed from a moment on; NULL where there is none.
SELECT min(position) AS first FROM events_feed_entry WHERE party_id = %(party)s AND at >= %(since)s
