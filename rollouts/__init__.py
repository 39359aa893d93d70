"""The domain: catalogue, estate, rollouts, pilots, instructions, dispatch, alerts, decisions."""
