"""The statements of recurring work, and what they call by name."""
