-- Name the claimed command of a region that is to be sent again, if any: whoever claimed it is gone, or the CSP
-- asked for it later. Only the holder of the region's lease asks.
SELECT id
  FROM rollouts_command
 WHERE region = %(region)s AND status = {CommandStatus.CLAIMED}
   AND (next_try_at IS NULL OR next_try_at <= clock_timestamp())
 ORDER BY claimed_at, id
 LIMIT 1
