"""Accounts: logging in, the second factor, single sign-on, and whom and what an organisation lets in."""
