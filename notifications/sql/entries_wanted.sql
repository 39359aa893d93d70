-- Which entries a reader of a party's feed wants: those after a position, of some kinds, rollouts and regions.
entry.party_id = %(party)s AND entry.position > %(after)s
AND (%(kinds)s::int[] IS NULL OR entry.kind = ANY(%(kinds)s))
AND (%(of_rollouts)s::int[] IS NULL OR entry.rollout_id = ANY(%(of_rollouts)s))
AND {of_regions}
