-- Claim the work that was not done since it last fell due, however long nobody has looked; of several who look at
-- once, one gets it. What was claimed and not done (the message was lost, the worker died) is claimed again later.
WITH work AS (
    SELECT name, period, phase,
           to_timestamp(floor((extract(epoch FROM clock_timestamp()) - phase) / period) * period + phase) AS due_at
      FROM unnest(%(names)s::text[], %(periods)s::float8[], %(phases)s::float8[]) AS work (name, period, phase)
)
UPDATE recurring_lastrun AS run
   SET rung_at = clock_timestamp()
  FROM work
 WHERE run.name = work.name
   AND run.done_at < work.due_at
   AND (run.rung_at IS NULL OR run.rung_at < run.done_at
        OR run.rung_at < clock_timestamp() - make_interval(secs => least(work.period, %(again)s)))
RETURNING run.name
