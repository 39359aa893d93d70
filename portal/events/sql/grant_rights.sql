-- Give the role of the application what it needs of what the owner has just migrated, and nothing else: it reads and
-- writes rows. Of the journal it writes new facts, and the columns of the sequencer; it takes no entry of the feed
-- back, but for what lies in no month of its own (see `forget_rest`). What changes tables it has by functions alone.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
REVOKE UPDATE, DELETE ON events_event FROM {role};
GRANT UPDATE (position, previous_hash, hash) ON events_event TO {role};
REVOKE UPDATE ON events_feed_outbox FROM {role};
REVOKE UPDATE, DELETE ON events_feed_entry FROM {role};
DO $$
DECLARE
    part regclass;
    definer regprocedure;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'events_feed_entry'::regclass LOOP
        EXECUTE 'REVOKE UPDATE, DELETE ON ' || part || ' FROM {role}';
    END LOOP;
    FOR definer IN SELECT oid FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace LOOP
        EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || definer || ' FROM PUBLIC';
        EXECUTE 'GRANT EXECUTE ON FUNCTION ' || definer || ' TO {role}';
    END LOOP;
END $$;
GRANT DELETE ON events_feed_entry_rest TO {role}
