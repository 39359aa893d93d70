"""The pages of the rollouts area: parse, one call, a template with frozen values."""
