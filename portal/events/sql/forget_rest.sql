-- Forget what lies in no month of its own and is older than a day.
DELETE FROM events_feed_entry_rest WHERE at < %(oldest)s::date
