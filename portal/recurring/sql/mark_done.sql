-- Write down that this work has just been done.
INSERT INTO recurring_lastrun (name, done_at) VALUES (%(work)s, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at
