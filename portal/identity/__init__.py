"""Who is asking: organisations, users, roles, Scope."""
