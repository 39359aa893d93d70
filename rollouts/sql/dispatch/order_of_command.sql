-- Everything a CSP is told with a command, and where its rollout stands at this moment; the command is held.
SELECT command.id, command.rollout_id, command.region, command.kind, command.status, command.guids,
       command.execute_at, command.claimed_at, command.left_at, command.attempts, rollout.status AS rollout_status,
       rollout.dispatch_settings, entry.firmware_version,
       entry.image_sha256, model.manufacturer, model.model
  FROM rollouts_command AS command
  LEFT JOIN rollouts_rollout AS rollout ON rollout.id = command.rollout_id
  LEFT JOIN rollouts_cplentry AS entry ON entry.id = command.cpl_entry_id
  LEFT JOIN rollouts_devicemodel AS model ON model.id = entry.device_model_id
 WHERE command.id = %(command_id)s
   FOR NO KEY UPDATE OF command
