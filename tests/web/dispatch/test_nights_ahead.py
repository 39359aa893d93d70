"""The page of a rollout says in which hours hubs activate, and how many are planned for which night."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from portal.kernel.working_days import LONDON
from rollouts.models import Command
from rollouts.states import CommandKind, CommandStatus
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db]


def plan(rollout, at, *, hubs, region=2, **more):
    """Plan an activation of hubs for a time."""
    Command.objects.create(
        **{
            "rollout_id": rollout.pk,
            "kind": CommandKind.ACTIVATE,
            "status": CommandStatus.READY,
            "region": region,
            "guids": [],
            "hub_count": hubs,
            "execute_at": at,
            "due_at": at,
            "created_at": at - timedelta(days=3),
            **more,
        }
    )


@pytest.fixture
def rollout(world, today):
    """Activations of two nights, one that was recalled, and one that is over."""
    rollout = make_rollout(world, now=today)
    day = today.astimezone(LONDON).date() + timedelta(days=1)
    evening = datetime(day.year, day.month, day.day, 23, 30, tzinfo=LONDON)
    plan(rollout, evening, hubs=7)
    plan(rollout, evening + timedelta(hours=5), hubs=5)
    plan(rollout, evening + timedelta(hours=26), hubs=3, region=1)
    plan(rollout, evening, hubs=40, recalled_at=today)
    plan(rollout, today - timedelta(hours=3), hubs=50)
    return rollout


def nights_on(client, rollout) -> list[tuple[date, int]]:
    answer = client.get(f"/rollouts/{rollout.pk}/")
    assert "22:00 to 06:00 local time" in answer.content.decode()
    return [(row.night, row.hubs) for row in answer.context["nights_ahead"]]


def test_dcc_reads_how_many_hubs_activate_in_which_night(seat, rollout, today):
    first = today.astimezone(LONDON).date() + timedelta(days=1)

    assert nights_on(seat("operator"), rollout) == [(first, 12), (first + timedelta(days=1), 3)]


def test_a_csp_reads_those_of_its_regions_and_a_supplier_none(seat, world, rollout, today):
    first = today.astimezone(LONDON).date() + timedelta(days=1)

    assert nights_on(seat("csp"), rollout)[0] == (first, 12)
    assert nights_on(seat("supplier"), rollout) == []
