-- Read what is staged, in the order of the list.
SELECT guid, line_no FROM rollouts_staged_guid ORDER BY line_no
