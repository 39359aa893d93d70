"""Reads shared by services and queries: SQL conditions and values between the tables and the use cases."""
