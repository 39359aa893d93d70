-- Give the roles of requests what they need: rows, through the tables that have policies, and never through a part of
-- one. They write new facts and entries, and rewrite none. The DCC's makes a rollout's part of the targets.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE ALL ON django_migrations FROM {role};
REVOKE UPDATE, DELETE ON events_event, events_feed_outbox, events_feed_entry FROM {role};
GRANT EXECUTE ON FUNCTION rollouts_hubs_ending(bigint, bigint) TO {role};
GRANT EXECUTE ON FUNCTION rollouts_make_target_partition(integer), rollouts_attach_target_partition(integer),
    kernel_analyze(regclass) TO {operator};
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT oid FROM pg_class
                 WHERE relispartition AND relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE 'REVOKE ALL ON ' || part || ' FROM {role}';
    END LOOP;
END $$
