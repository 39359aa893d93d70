"""Webhooks: entries of an organisation's feed, in order and in batches, to an address of its own."""
