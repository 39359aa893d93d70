-- Count the rows that the tally of the estate has had since it was folded.
SELECT count(*) AS n FROM rollouts_estate_tally WHERE id > 0
