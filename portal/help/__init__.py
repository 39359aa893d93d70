"""Help: a guide for each kind of organisation, the words of the portal, and hints for a first visit."""
