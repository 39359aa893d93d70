"""A sandbox: a test client moves the clock and lets hubs of its own tell things. Never in production."""
