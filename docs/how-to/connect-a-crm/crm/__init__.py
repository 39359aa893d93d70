"""A worked client of the portal: mirrors an estate, follows its feed, and instructs by a rule of its own."""
