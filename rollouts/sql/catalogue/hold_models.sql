-- Hold all hub models, beside others who do so: whoever makes targets from their hubs waits (see `take_turn`).
SELECT id FROM rollouts_devicemodel ORDER BY id FOR SHARE
