-- Hold a hub model alone until the commit: its hubs are about to be given to a rollout.
SELECT id FROM rollouts_devicemodel WHERE id = %(device_model_id)s FOR NO KEY UPDATE
