-- Withdraw every target of a rollout on whose hub nothing is about to happen, and let go of those hubs.
-- Only what may still activate stays (50 sent, 55 being cancelled), and what is settled. The caller holds the
-- rollout's row, so nobody else moves targets: no order of locks is needed.
WITH voided AS (
    UPDATE rollouts_target
       SET state = 90, code = %(code)s, state_at = %(now)s
     WHERE rollout_id = %(rollout_id)s AND state IN (10, 20, 30, 40, 56)
    RETURNING guid
), freed AS (
    DELETE FROM rollouts_hub_in_flight AS flight
     USING voided
     WHERE flight.guid = voided.guid AND flight.rollout_id = %(rollout_id)s
)
SELECT count(*) AS hubs FROM voided
