"""The demonstration, the journey and the rehearsal: the portal used as a client would use it."""
