"""The statements of the REST adapter, and what they call by name."""
