"""Each bar of a day leads to the hubs it counts, from every seat."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.kernel import sql
from portal.kernel.working_days import local_day
from rollouts import services
from rollouts.models import CspChannel
from rollouts.services import HubList
from rollouts.states import InstructionKind, Region, TargetState
from rollouts.web.rollouts.forms import STATE_GROUPS
from tests.factories import OrganisationFactory, make_rollout

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R4.9")]


@pytest.fixture
def planned(world, today):
    """A rollout of which hubs activate on two days, for all three reasons, and one is overdue."""
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=120))
    for who, hubs in ((world.as_supplier, (0, 1, 9)), (world.as_other, (10,))):
        services.receive_instruction(
            who,
            rollout_id=rollout.pk,
            kind=InstructionKind.INSTRUCT,
            source=HubList.from_stored([world.guid(n) for n in hubs]),
            received_at=today,
            activate_at=today + timedelta(days=10),
            now=today,
        )
    sql.run(
        "UPDATE rollouts_target SET effective_at = %(at)s WHERE guid = %(guid)s",
        {"at": today - timedelta(days=2), "guid": world.guid(1)},
    )
    sql.run("UPDATE rollouts_target SET region = 3 WHERE guid = %(guid)s", {"guid": world.guid(0)})
    return rollout


def listed(client, url):
    answer = client.get(url, follow=True)
    assert answer.status_code == 200
    return len(answer.context["page"].items)


def test_what_is_still_to_go_is_what_the_plan_counts():
    """The plan's tallies leave out the states of `rollouts_stage_of` that settle a hub; so must the list."""
    settled = frozenset(
        {
            state
            for state in TargetState
            if sql.rows("SELECT rollouts_stage_of(%(s)s::smallint) AS stage", {"s": state})[0].stage == 2
        }
    )

    assert STATE_GROUPS["MOVING"][1] == frozenset(TargetState) - settled


@pytest.mark.parametrize("actor", ["supplier", "other", "operator", "csp"])
def test_each_number_of_a_day_is_the_length_of_its_list(planned, seat, actor):
    client = seat(actor)
    page = client.get(f"/rollouts/{planned.pk}/")
    days, urls = page.context["days"], page.context["day_urls"]

    assert days
    for day, counts in days.items():
        assert listed(client, urls[day][""]) == sum(counts.values())
        for reason, hubs in counts.items():
            assert listed(client, urls[day][reason]) == hubs


def test_a_supplier_is_told_all_three_reasons(planned, seat):
    days = seat("supplier").get(f"/rollouts/{planned.pk}/").context["days"]

    assert {reason for counts in days.values() for reason in counts} == {"yours", "waiting", "default"}


@pytest.mark.parametrize("actor", ["supplier", "operator"])
def test_a_bar_is_a_link_with_its_numbers_and_so_is_its_cell(planned, seat, actor):
    client = seat(actor)
    page = client.get("/")
    html = page.content.decode()

    for day, counts in page.context["days"].items():
        url = page.context["day_urls"][day][""].replace("&", "&amp;")
        assert html.count(f'href="{url}"') == 2
        assert re.search(
            rf'<a href="{re.escape(url)}" aria-label="[^"]*{sum(counts.values())}"'
            if len(counts) == 1
            else re.escape(url),
            html,
        )
        assert listed(client, page.context["day_urls"][day][""]) == sum(counts.values())


def test_a_day_of_several_rollouts_names_each_with_its_lists(planned, world, seat, today):
    sql.run(
        "UPDATE rollouts_target SET state = 90 WHERE guid IN (%(a)s, %(b)s)",
        {"a": world.guid(0), "b": world.guid(2)},
    )
    second = make_rollout(world, now=today, automatic_at=planned.automatic_at)
    client, day = seat("operator"), local_day(planned.automatic_at)

    page = client.get("/activations/", {"day": day.isoformat()})
    assert [(row["it"].name, row["it"].hubs) for row in page.context["rows"]]
    assert page.context["total"] == client.get("/").context["days"][day]["default"]
    for row in page.context["rows"]:
        assert listed(client, row["url"]) == row["it"].hubs
    assert second.name in page.content.decode()


def test_a_day_without_hubs_says_so_and_an_unknown_day_is_not_found(planned, seat, today):
    client = seat("supplier")

    assert "No hubs activate on this day" in client.get("/activations/?day=2001-01-01").content.decode()
    assert client.get("/activations/?day=nonsense").status_code == 404
    assert client.get("/activations/").status_code == 404


def test_the_cells_of_a_schedule_lead_to_lists_of_their_length(planned, seat):
    for actor in ("csp", "operator"):
        client = seat(actor)
        for query in ("", f"?rollout={planned.pk}"):
            for day in client.get(f"/schedule/{query}").context["days"]:
                for hubs, url in [*day.listed, (day.total, day.url)]:
                    if url and hubs:
                        assert listed(client, url) == hubs


def test_a_csp_s_list_of_a_day_has_its_own_regions_alone(planned, seat):
    CspChannel.objects.filter(region=Region.SOUTH).update(
        csp=OrganisationFactory(kind="CSP", name="CSP South")
    )
    client, calendar = seat("csp"), seat("csp").get("/").context["calendar"]

    for row in calendar.rows:
        for hubs, url in row.listed:
            assert not hubs or listed(client, url) == hubs
    assert "South" not in [row.region for row in calendar.rows]


def test_the_panel_is_shown_no_list_of_single_hubs(planned, seat):
    assert seat("panel").get(f"/activations/?day={local_day(planned.automatic_at)}").status_code == 403
    assert 'href="/activations/' not in seat("panel").get("/").content.decode()


def test_a_hub_that_was_lost_is_in_no_list_of_its_former_supplier(planned, world, seat):
    sql.run(
        "UPDATE rollouts_hub SET import_supplier_id = %(other)s, gas_supplier_id = %(other)s WHERE guid = %(guid)s",
        {"other": world.other.pk, "guid": world.guid(0)},
    )
    client = seat("supplier")
    urls = client.get(f"/rollouts/{planned.pk}/").context["day_urls"]

    guids = {hub.guid for lists in urls.values() for hub in client.get(lists[""]).context["page"].items}
    assert guids
    assert world.pasted(0) not in guids
