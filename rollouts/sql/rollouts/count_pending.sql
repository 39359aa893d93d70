-- Count the hubs a long instruction named.
SELECT coalesce(cardinality(pending_guids), 0) AS n FROM rollouts_instruction WHERE id = %(instruction_id)s
