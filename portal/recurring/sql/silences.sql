-- Tell for how many seconds each kind of work has not been done.
SELECT name, greatest(0, extract(epoch FROM clock_timestamp() - done_at))::float8 AS seconds
  FROM recurring_lastrun WHERE name = ANY(%(names)s)
