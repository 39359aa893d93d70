-- What came from a hub through its CSP, the latest first.
SELECT a.occurred_at, a.alert_id, a.code, a.reason, a.firmware_version, a.command_id
  FROM rollouts_csp_alert AS a
 WHERE a.guid = %(guid)s
 ORDER BY a.occurred_at DESC
 LIMIT %(size)s
