-- Take lines out of a staged inventory, and learn its size before it is joined.
DELETE FROM rollouts_staged_hub WHERE line_no = ANY(%(lines)s::bigint[]);
ANALYZE rollouts_staged_hub
