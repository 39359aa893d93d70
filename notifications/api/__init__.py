"""Events and webhooks for systems."""
