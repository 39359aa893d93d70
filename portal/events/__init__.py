"""What happened: the journal (facts, audit and outbox in one) and the party feed."""
