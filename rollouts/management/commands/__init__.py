"""Commands of the domain: each reads a file or a stream and makes one call into the services."""
