-- Take so many tokens from a region's channel. It may go into debt: the mean rate is what is kept.
UPDATE rollouts_cspchannel
   SET tokens = least(capacity_per_second,
                      CASE WHEN refilled_at IS NULL OR refilled_at > clock_timestamp() THEN capacity_per_second
                           ELSE tokens + extract(epoch FROM clock_timestamp() - refilled_at) * capacity_per_second
                      END) - %(hubs)s,
       refilled_at = clock_timestamp()
 WHERE region = %(region)s
