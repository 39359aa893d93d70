"""What every resource of the REST interface shares: bodies, answers, pages, keys, and its description."""
