"""Estate: hubs, their history, labels, files and imports."""
