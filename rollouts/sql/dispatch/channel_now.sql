-- Where a region's channel stands at this moment, its tokens refilled by the database's clock; anew where that was
-- put back.
SELECT region, base_url, token, capacity_per_second, capacity_per_night, distribution_hours, failures,
       coalesce(paused_until > clock_timestamp(), false) AS is_resting,
       least(capacity_per_second,
             CASE WHEN refilled_at IS NULL OR refilled_at > clock_timestamp() THEN capacity_per_second
                  ELSE tokens + extract(epoch FROM clock_timestamp() - refilled_at) * capacity_per_second
             END)::float8 AS tokens
  FROM rollouts_cspchannel
 WHERE region = %(region)s
