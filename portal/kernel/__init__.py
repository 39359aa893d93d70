"""The ground: transactions, named SQL, COPY, keyset paging, refusals, the clock. Knows no domain."""
