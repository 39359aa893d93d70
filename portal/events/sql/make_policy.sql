-- Make a policy, or make it anew where it has changed; its comment is what it was made of. The table is locked for a moment.
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS {policy} ON {table};
CREATE POLICY {policy} ON {table} {terms};
COMMENT ON POLICY {policy} ON {table} IS {text}
