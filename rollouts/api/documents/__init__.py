"""What the REST mirror answers with: a TypedDict each, and the function that makes it of a query's value."""
