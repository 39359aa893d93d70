"""Rules: Suppliers' selection and approval rules."""
