-- Write one fact. Nothing is returned: whoever records a fact about another organisation does not see it.
INSERT INTO events_event (name, subject, organisation_id, actor_id, actor_name, happened_at, facts)
VALUES (%(event)s, %(subject)s, %(organisation_id)s, %(actor_id)s, %(actor_name)s, %(at)s, %(facts)s::jsonb)
