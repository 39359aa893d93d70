"""The database refuses every move that the tables of `rollouts.states` do not have."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, connection

from portal.kernel import sql
from rollouts.models import Command, Decision, Incident, Rollout, Target
from rollouts.states import STAGE_OF_STATE, CommandKind, CommandStatus, RolloutStatus, TargetState
from rollouts.states.governing import DecisionStatus, IncidentStatus
from rollouts.states.guards import GUARDS, Guard
from tests.factories import make_rollout, make_world
from tests.integration.dispatching import settle

pytestmark = pytest.mark.django_db

_DEFINITIONS = """
SELECT tgrelid::regclass::text AS relation, pg_get_triggerdef(oid) AS definition
  FROM pg_trigger WHERE tgname = %(trigger)s ORDER BY 1
"""


def definitions(guard: Guard) -> dict[str, str]:
    """What the database holds: the guard of the table, and its copies on partitions."""
    return {row.relation: row.definition for row in sql.rows(_DEFINITIONS, {"trigger": guard.trigger})}


def as_the_portal(text: str, **params: object) -> int:
    """Run a statement as the portal's own are run: past the wrapper that lets tests place rows freely."""
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, raw.transaction(), raw.cursor() as cursor:
        cursor.execute(text, params)
        return int(cursor.rowcount)


@pytest.fixture
def rollout(now):
    return make_rollout(make_world(hubs=6), now=now)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.table)
def test_the_database_is_given_the_same_table(guard, rollout):
    stored = definitions(guard)

    sql.run(guard.create_sql())

    assert definitions(guard) == stored, (
        f"The table of moves of {guard.table} has changed: give this to a migration's RunSQL.\n\n{guard.create_sql()}"
    )
    assert guard.table in stored


def test_each_partition_of_targets_is_guarded_from_its_making(rollout):
    assert f"rollouts_target_{rollout.pk}" in definitions(GUARDS[0])


@pytest.mark.parametrize("table", ["rollouts_target", "rollouts_target_{id}"])
def test_a_target_makes_no_move_that_is_not_in_the_table(rollout, table):
    settle(rollout, state=TargetState.SCHEDULED)
    text = f"UPDATE {table.format(id=rollout.pk)} SET state = %(state)s WHERE rollout_id = %(id)s"

    with pytest.raises(IntegrityError, match=r"rollouts_target_\d+ may not move from 20 to 50"):
        as_the_portal(text, state=TargetState.ACTIVATING.value, id=rollout.pk)

    assert not Target.objects.exclude(state=TargetState.SCHEDULED).exists()
    assert as_the_portal(text, state=TargetState.DISTRIBUTING.value, id=rollout.pk) == 6
    assert as_the_portal(text, state=TargetState.DISTRIBUTING.value, id=rollout.pk) == 6, "staying is no move"


def test_an_activated_target_stays_so(rollout):
    settle(rollout, state=TargetState.ACTIVATED)

    for state in set(TargetState) - {TargetState.ACTIVATED}:
        with pytest.raises(IntegrityError, match="may not move from 60"):
            as_the_portal("UPDATE rollouts_target SET state = %(state)s", state=state.value)


def test_a_rollout_an_incident_a_decision_and_a_command_are_guarded_too(rollout, now):
    Rollout.objects.filter(pk=rollout.pk).update(status=RolloutStatus.STOPPED)
    Incident.objects.create(
        reference="INC-1", rollout=rollout, organisation_id=1, title="HAN lost", raised_at=now,
        status=IncidentStatus.CLOSED, status_at=now, respond_by=now, resolve_by=now, category=3,
    )  # fmt: skip
    Decision.objects.create(rollout=rollout, because="HAN lost", opened_at=now, status=DecisionStatus.ENACTED)
    Command.objects.create(
        rollout_id=rollout.pk, kind=CommandKind.DISTRIBUTE, status=CommandStatus.DROPPED, region=1, guids=[1],
        hub_count=1, due_at=now, created_at=now,
    )  # fmt: skip

    for table, status in (
        ("rollouts_rollout", "SAFE_LAUNCH"),
        ("rollouts_incident", "RAISED"),
        ("rollouts_decision", "REVIEW"),
        ("rollouts_command", "1"),
    ):
        with pytest.raises(IntegrityError, match=f"{table} may not move"):
            as_the_portal(f"UPDATE {table} SET status = '{status}'")


def test_the_database_knows_the_same_states_and_their_stages():
    rows = sql.rows(
        "SELECT state, rollouts_stage_of(state::smallint) AS stage FROM unnest(%(states)s) AS state",
        {"states": TargetState.values},
    )
    checks = sql.rows(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'rollouts_target_state_is_known'"
        " AND conrelid = 'rollouts_target'::regclass"
    )

    assert {row.state: row.stage for row in rows} == STAGE_OF_STATE
    assert sorted(map(int, re.findall(r"\d+", checks[0].text))) == sorted(TargetState.values)


def test_an_administrator_can_let_a_row_be_mended(rollout):
    settle(rollout, state=TargetState.SCHEDULED)

    as_the_portal("SET LOCAL portal.guard_moves = off")

    assert as_the_portal("UPDATE rollouts_target SET state = 50") == 6
