-- From where to where a party's feed reaches; no row where it has had no entry.
SELECT position, dropped_to FROM events_feed_head WHERE party_id = %(party)s
