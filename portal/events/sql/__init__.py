"""The statements of the feed, and what they call by name."""
