-- Take away a policy that is wanted no more.
DROP POLICY {policy} ON {table}
