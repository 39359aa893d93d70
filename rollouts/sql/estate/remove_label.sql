-- Take a label of an organisation off some hubs, or off all.
DELETE FROM rollouts_hublabel
 WHERE organisation_id = %(party)s AND label = %(label)s
   AND (%(guids)s::bigint[] IS NULL OR guid = ANY(%(guids)s::bigint[]))
