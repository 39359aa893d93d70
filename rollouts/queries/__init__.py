"""What the portal can be asked, by noun: reads that answer with frozen values, never with models."""
