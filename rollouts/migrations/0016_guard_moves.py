"""The database refuses moves that the tables in `rollouts.states` do not have."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION rollouts_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('portal.guard_moves', true) = 'off' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% may not move from % to %',
        TG_TABLE_NAME, to_jsonb(OLD) ->> TG_ARGV[0], to_jsonb(NEW) ->> TG_ARGV[0]
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
              HINT = 'See docs/reference/states.md.';
END $$;
"""

# As written by rollouts.states.guards.Guard.create_sql().
GUARDS = """
CREATE OR REPLACE TRIGGER rollouts_target_may_move AFTER UPDATE OF state ON rollouts_target
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND NOT CASE OLD.state
         WHEN 10 THEN NEW.state IN (20, 31, 40, 60, 90)
         WHEN 20 THEN NEW.state IN (10, 30, 31, 40, 60, 90)
         WHEN 30 THEN NEW.state IN (10, 20, 31, 40, 41, 60, 90)
         WHEN 31 THEN NEW.state IN (40, 60)
         WHEN 40 THEN NEW.state IN (50, 51, 60, 90)
         WHEN 41 THEN NEW.state IN (40, 60)
         WHEN 50 THEN NEW.state IN (20, 40, 51, 52, 55, 60, 90)
         WHEN 51 THEN NEW.state IN (60)
         WHEN 52 THEN NEW.state IN (10, 20, 40, 51, 60, 90)
         WHEN 55 THEN NEW.state IN (10, 20, 40, 50, 51, 52, 56, 60, 90)
         WHEN 56 THEN NEW.state IN (40, 60, 90)
         WHEN 90 THEN NEW.state IN (10, 20, 60)
         ELSE false END)
    EXECUTE FUNCTION rollouts_refuse_move('state');

CREATE OR REPLACE TRIGGER rollouts_command_may_move AFTER UPDATE OF status ON rollouts_command
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NOT CASE OLD.status
         WHEN 1 THEN NEW.status IN (2, 4)
         WHEN 2 THEN NEW.status IN (3, 4, 5)
         ELSE false END)
    EXECUTE FUNCTION rollouts_refuse_move('status');

CREATE OR REPLACE TRIGGER rollouts_rollout_may_move AFTER UPDATE OF status ON rollouts_rollout
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NOT CASE OLD.status
         WHEN 'DRAFT' THEN NEW.status IN ('NOTIFIED')
         WHEN 'NOTIFIED' THEN NEW.status IN ('PAUSED', 'PILOT', 'REVOKED', 'SAFE_LAUNCH', 'STOPPED', 'SUSPENDED')
         WHEN 'PAUSED' THEN NEW.status IN ('NOTIFIED', 'PILOT', 'PILOT_REVIEW', 'REVOKED', 'SAFE_LAUNCH', 'STOPPED')
         WHEN 'PILOT' THEN NEW.status IN ('PAUSED', 'PILOT_REVIEW', 'REVOKED', 'STOPPED', 'SUSPENDED')
         WHEN 'PILOT_REVIEW' THEN NEW.status IN ('PAUSED', 'PILOT', 'REVOKED', 'SAFE_LAUNCH', 'STOPPED', 'SUSPENDED')
         WHEN 'SAFE_LAUNCH' THEN NEW.status IN ('COMPLETE', 'PAUSED', 'REVOKED', 'STOPPED', 'SUSPENDED')
         WHEN 'SUSPENDED' THEN NEW.status IN ('NOTIFIED', 'PAUSED', 'PILOT', 'PILOT_REVIEW', 'REVOKED', 'SAFE_LAUNCH', 'STOPPED')
         ELSE false END)
    EXECUTE FUNCTION rollouts_refuse_move('status');

CREATE OR REPLACE TRIGGER rollouts_incident_may_move AFTER UPDATE OF status ON rollouts_incident
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NOT CASE OLD.status
         WHEN 'ACKNOWLEDGED' THEN NEW.status IN ('INVESTIGATING', 'MERGED', 'RESOLVED', 'WITHDRAWN')
         WHEN 'INVESTIGATING' THEN NEW.status IN ('MERGED', 'RESOLVED', 'WITHDRAWN')
         WHEN 'RAISED' THEN NEW.status IN ('ACKNOWLEDGED', 'INVESTIGATING', 'MERGED', 'RESOLVED', 'WITHDRAWN')
         WHEN 'RESOLVED' THEN NEW.status IN ('CLOSED', 'INVESTIGATING')
         ELSE false END)
    EXECUTE FUNCTION rollouts_refuse_move('status');

CREATE OR REPLACE TRIGGER rollouts_decision_may_move AFTER UPDATE OF status ON rollouts_decision
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NOT CASE OLD.status
         WHEN 'RECOMMENDED' THEN NEW.status IN ('ENACTED', 'OVERTAKEN', 'REJECTED', 'REVIEW')
         WHEN 'REVIEW' THEN NEW.status IN ('OVERTAKEN', 'RECOMMENDED')
         ELSE false END)
    EXECUTE FUNCTION rollouts_refuse_move('status');
"""

UNGUARD = """
DROP TRIGGER rollouts_decision_may_move ON rollouts_decision;
DROP TRIGGER rollouts_incident_may_move ON rollouts_incident;
DROP TRIGGER rollouts_rollout_may_move ON rollouts_rollout;
DROP TRIGGER rollouts_command_may_move ON rollouts_command;
DROP TRIGGER rollouts_target_may_move ON rollouts_target;
DROP FUNCTION rollouts_refuse_move();
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0015_exports_for_systems")]
    operations = [migrations.RunSQL(REFUSE + GUARDS, UNGUARD)]
