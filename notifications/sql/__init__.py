"""The statements of the notifications area, and what they call by name."""
