"""Instructions: Suppliers' answers about their hubs, and the receipts."""
