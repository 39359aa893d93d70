"""A batch of alerts is read a few times over, however the planner misjudges it: never once for each of its lines."""

from __future__ import annotations

import pytest

from portal.kernel import sql
from rollouts.models import Hub, HubInFlight
from rollouts.states import SmiStatus, TargetState
from tests.integration.alerting import AlertScenario, read_command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_subscribers")]

ALERTS = 200
MOST_READS_PER_ALERT = 40


def rows_read() -> int:
    """Return how many rows of the judged alerts this connection's statements have read so far."""
    sql.run("SELECT pg_stat_force_next_flush()")
    read = sql.rows(
        "SELECT coalesce(sum(seq_tup_read), 0)::bigint AS n FROM pg_stat_user_tables WHERE relname = 'judged_alert'"
    )
    return read[0].n


def readings(scenario):
    """Readings of the version, of hubs in flight."""
    command = str(read_command(scenario).pk)
    return [
        scenario.alert(n, "READ_RESULT", firmware_version="0C220000", command_id=command)
        for n in range(ALERTS)
    ]


def of_suspended_hubs(scenario):
    """Activations of hubs that were Suspended: the case of a rollout that heals a withdrawn version."""
    Hub.objects.update(smi_status=SmiStatus.SUSPENDED)
    return [scenario.activated(n) for n in range(ALERTS)]


def strays(scenario):
    """Alerts without a command, of hubs that are in flight no more."""
    HubInFlight.objects.all().delete()
    return [scenario.alert(n, "0x8F72", anonymous=True) for n in range(ALERTS)]


def of_another_version(scenario):
    """Activations of a version that the rollout is not about."""
    return [scenario.activated(n, firmware_version="0C220000") for n in range(ALERTS)]


@pytest.mark.parametrize("alerts", [readings, of_suspended_hubs, strays, of_another_version])
def test_reads_of_a_batch_grow_with_its_length(now, alerts):
    scenario = AlertScenario(now, hubs=ALERTS, state=TargetState.ACTIVATING)
    batch = alerts(scenario)
    before = rows_read()

    scenario.deliver(*batch)

    assert 0 < rows_read() - before <= MOST_READS_PER_ALERT * ALERTS
