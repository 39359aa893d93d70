-- Count work that was never seen before from now on: nothing is overdue on the first day.
INSERT INTO recurring_lastrun (name, done_at)
SELECT name, clock_timestamp() FROM unnest(%(names)s::text[]) AS work (name)
    ON CONFLICT (name) DO NOTHING
