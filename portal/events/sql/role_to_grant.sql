-- Whether there is a role of the application beside the one that owns the tables, which asks.
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s AND rolname <> current_user)
       AND EXISTS (SELECT FROM pg_class WHERE oid = 'events_event'::regclass AND pg_has_role(relowner, 'USAGE')) AS is_apart
