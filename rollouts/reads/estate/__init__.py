"""Estate: the inventory of hubs, and the files it is kept from."""
