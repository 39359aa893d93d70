"""What services and queries of dispatch both read."""
