"""Telling people and machines: inbox, e-mail, webhooks, stream."""
