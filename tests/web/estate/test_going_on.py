"""From a hub, an incident, a receipt and every count there is a way on: to the form, or to the list behind it."""

from __future__ import annotations

import re

import pytest
from django.utils.html import escape

from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from rollouts.models import Incident, Instruction, Target
from rollouts.states import FailureCode, RolloutStatus, TargetState
from tests import scenery
from tests.factories import UserFactory, make_rollout
from tests.web.governing import make_trouble
from tests.web.instructing import check, submit, token_in

pytestmark = pytest.mark.django_db


def page(client, path: str) -> str:
    return client.get(path, follow=True).content.decode()


@pytest.mark.parametrize(
    ("act", "says"), [("instruct", "The hubs I selected in a list: 1"), ("incident", "The 1 hub I selected")]
)
def test_a_hub_is_instructed_and_reported_from_its_page(world, seat, today, act, says):
    rollout = make_rollout(world, now=today)
    client, guid = seat("supplier"), str(Guid.from_db(world.guid(3)))
    shown = page(client, f"/hubs/{guid}/")
    assert f'name="act" value="{act}"' in shown

    answer = client.post(
        "/estate/selected/", {"table": "rollout", "rollout": rollout.pk, "guid": guid, "act": act}
    )

    assert says in page(client, answer["Location"])
    assert f'name="act" value="{act}"' not in page(seat("csp"), f"/hubs/{guid}/")


def test_the_hubs_of_an_incident_are_instructed_from_it(world, seat, today):
    make_trouble(world, now=today)
    incident = Incident.objects.filter(organisation_id=world.supplier.pk).first()
    client = seat("supplier")
    fields = {
        "table": "rollout",
        "rollout": incident.rollout_id,
        "which": "incident",
        "incident": reference_of(incident.pk, "incident"),
        "act": "instruct",
    }

    answer = client.post("/estate/selected/", fields)

    assert "Instruct these hubs" in page(client, f"/incidents/{reference_of(incident.pk, 'incident')}/")
    assert f"The hubs I selected in a list: {incident.hubs}" in page(client, answer["Location"])
    assert seat("other").post("/estate/selected/", fields)["Location"].endswith("/hubs/")
    assert "Instruct these hubs" not in page(
        seat("operator"), f"/incidents/{reference_of(incident.pk, 'incident')}/"
    )


def test_an_incident_is_raised_from_the_list_of_incidents(world, seat, client, today):
    rollout = make_rollout(world, now=today)
    url = f'href="/rollouts/{rollout.pk}/incidents/new/"'

    assert url in page(seat("supplier"), "/incidents/")
    client.force_login(UserFactory(organisation=world.supplier, roles=["SUPPLIER_VIEWER"]))
    assert url not in page(client, "/incidents/")


@pytest.mark.requirement("R3.9", "R4.1")
def test_a_receipt_leads_to_another_time_and_to_withdrawing_and_says_who_submitted(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    receipt = submit(client, rollout, token_in(check(client, rollout)))["Location"]

    shown = page(client, receipt)
    withdraw = re.search(r'href="([^"]+)">Withdraw it</a>', shown)[1].replace("&amp;", "&")

    assert escape(world.supplier_user.name) in shown
    assert "Change the time" in shown
    form = page(client, withdraw)
    assert re.search(r'value="WITHDRAW"[^>]*checked', form)
    assert re.search(r'value="mine"[^>]*checked', form)
    rollout.status = RolloutStatus.REVOKED
    type(rollout).objects.filter(pk=rollout.pk).update(cutoff_at=today, automatic_at=today.replace(year=2040))
    assert "Change the time" not in page(client, receipt)
    assert Instruction.objects.count() == 1


@pytest.mark.parametrize("actor", ["supplier", "operator", "csp"])
def test_each_count_of_a_rollout_is_the_length_of_the_list_it_leads_to(world, seat, today, actor):
    rollout = make_trouble(world, now=today, suspended=False).rollout
    client = seat(actor)
    shown = page(client, f"/rollouts/{rollout.pk}/")

    counts = re.findall(r'tile__value"><a href="(/rollouts/\d+/hubs/[^"]*)">([\d,]+)<', shown)
    counts += re.findall(
        r'legend__word" href="([^"]+)">[^<]+</a>\s*<span class="legend__count">([\d,]+)<', shown
    )

    assert len(counts) >= 4
    for url, count in counts:
        listed = page(client, url.replace("&amp;", "&")).count('class="guid"')
        assert listed == min(50, int(count.replace(",", ""))), url


def test_each_reason_of_a_failure_leads_to_its_hubs_and_what_is_tried_again_stands_apart(world, seat, today):
    rollout = make_rollout(world, now=today)
    code = FailureCode.ACTIVATION_UNREACHABLE
    with scenery.unguarded():
        for numbers, state in (((0, 1, 2), TargetState.ACTIVATION_FAILED), ((3, 4), TargetState.DISTRIBUTED)):
            Target.objects.filter(rollout_id=rollout.pk, guid__in=[world.guid(n) for n in numbers]).update(
                state=state, code=code
            )
    client = seat("operator")
    shown = page(client, f"/rollouts/{rollout.pk}/")

    rows = re.findall(
        r'<th scope="row"><a href="([^"]+)">' + str(code.label) + r'</a></th>.*?<td class="num">(\d+)</td>',
        shown,
        re.DOTALL,
    )

    assert [count for _, count in rows] == ["3", "2"]
    for url, count in rows:
        assert page(client, url.replace("&amp;", "&")).count('class="guid"') == int(count), url
    assert re.findall(r'state=FAILED">([^<]*)<', shown)[:1] == ["3"]
    assert shown.index("Failed or not confirmed</caption>") < shown.index(
        "Failed, being tried again</caption>"
    )


def test_the_tiles_of_dashboard_and_estate_lead_on(world, seat, today):
    make_rollout(world, now=today)
    client = seat("supplier")

    for path in ("/", "/estate/"):
        tiles = re.findall(r'<p class="tile__value">(.*?)</p>', page(client, path), re.DOTALL)
        assert len(tiles) == 4
        assert all("<a href=" in tile for tile in tiles), path
