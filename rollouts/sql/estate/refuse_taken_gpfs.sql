-- Take out the lines whose GPF, or whose hub, the inventory knows as something else. A pairing that the same file
-- dissolves is no obstacle.
WITH faulty AS (
    SELECT s.line_no, 'GPF_OF_ANOTHER_HUB' AS problem
      FROM rollouts_staged_hub AS s
      JOIN rollouts_hub AS h ON h.gpf_guid = s.gpf_guid AND h.guid <> s.guid
     WHERE NOT EXISTS (SELECT FROM rollouts_staged_hub AS freed
                        WHERE freed.guid = h.guid AND freed.gpf_guid IS DISTINCT FROM h.gpf_guid)
     UNION ALL
    SELECT s.line_no, 'GPF_IS_A_HUB'
      FROM rollouts_staged_hub AS s JOIN rollouts_hub AS h ON h.guid = s.gpf_guid
     UNION ALL
    SELECT s.line_no, 'HUB_IS_A_GPF'
      FROM rollouts_staged_hub AS s JOIN rollouts_hub AS h ON h.gpf_guid = s.guid
), first_fault AS (
    SELECT DISTINCT ON (line_no) line_no, problem FROM faulty ORDER BY line_no, problem
)
DELETE FROM rollouts_staged_hub AS s USING first_fault AS f
 WHERE s.line_no = f.line_no
RETURNING s.line_no, s.guid, f.problem
