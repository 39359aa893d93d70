"""The pages on which DCC changes hours, ramp and capacity, and a Supplier its own hours (R3.12)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rollouts.models import CspChannel, Rollout, SupplierHours, Target
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db]


def plain(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


CHANNEL = {"capacity_per_second": "40", "lead_hours": "48", "distribution_days": "5"}
PACE = {"activation_from": "23:00", "activation_to": "05:00", "approved_by": "Operations Group"}


def test_capacity_is_changed_with_who_approved_it_and_the_forecast_beside_it(world, seat, today):
    make_rollout(world, now=today)
    Target.objects.update(consent=5, effective_at=today + timedelta(days=8))
    CspChannel.objects.update(capacity_per_night=1)
    client = seat("operator")
    address = "/channels/2/"

    late = plain(client.get(address))
    looked = client.post(address, {**CHANNEL, "capacity_per_night": "1000", "act": "forecast"})
    stored = CspChannel.objects.get(region=2).capacity_per_night
    page = client.post(
        address, {**CHANNEL, "capacity_per_night": "1000", "approved_by": "CSP Central, 3 March"}, follow=True
    )

    assert "hubs too late" in late
    assert looked.status_code == 200
    assert "With what you typed" in plain(looked)
    assert "Nothing is saved yet" in plain(looked)
    assert stored == 1
    assert CspChannel.objects.get(region=2).capacity_per_night == 1000
    assert "approved by CSP Central, 3 March" in plain(page)
    assert "Hubs a night: 1 → 1,000" in plain(page)


def test_the_hours_of_a_channel_stand_beside_its_days_and_keep_apart(world, seat, today):
    client = seat("operator")
    typed = {"distribution_from": "22:00", "distribution_to": "05:00", "approved_by": "CSP Central"}

    shown = client.get("/channels/2/").content.decode()
    client.post("/channels/2/", {**CHANNEL, **typed})

    assert re.search(r'name="distribution_days" value="5"', shown)
    channel = CspChannel.objects.get(region=2)
    assert channel.distribution_hours == {"from": "22:00", "to": "05:00"}
    assert (channel.distribution_days, channel.lead_hours, channel.capacity_per_second) == (5, 48, 40)


@pytest.mark.requirement("R3.12")
def test_some_nights_are_chosen_and_shown_again(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("operator")
    nights = {"activation_nights": ["mon", "tue"]}

    page = client.post(f"/rollouts/{rollout.pk}/pace/", {**PACE, **nights}, follow=True)

    assert Rollout.objects.get().dispatch_settings["activation_hours"] == {
        "from": "23:00",
        "to": "05:00",
        "days": ["mon", "tue"],
    }
    assert "23:00 to 05:00 on the nights of Mon, Tue" in plain(page)
    assert len(re.findall(r'name="activation_nights"[^>]*checked', page.content.decode())) == 2


def test_a_change_nobody_approved_is_not_kept(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("operator")

    channel = client.post("/channels/2/", CHANNEL)
    pace = client.post(f"/rollouts/{rollout.pk}/pace/", {**PACE, "approved_by": ""})

    assert (channel.status_code, pace.status_code) == (422, 422)
    assert Rollout.objects.get().dispatch_settings == {}


@pytest.mark.requirement("R3.12")
def test_hours_and_ramp_of_a_rollout_are_changed_and_stand_in_its_history(world, seat, today):
    rollout = make_rollout(world, now=today)
    Rollout.objects.update(dispatch_settings={"command_size": 20})
    client = seat("operator")
    address = f"/rollouts/{rollout.pk}/pace/"

    before = plain(client.get(address))
    after = plain(client.post(address, {**PACE, "ramp_per_hour": "1000", "ramp_factor": "2"}, follow=True))

    assert "22:00 to 06:00 local time" in before
    assert "23:00 to 05:00 local time" in after
    assert "Ramp: not set → 1,000 in the first hour, each hour times 2" in after
    assert "approved by Operations Group" in after
    assert Rollout.objects.get().dispatch_settings == {
        "command_size": 20,
        "activation_hours": {"from": "23:00", "to": "05:00"},
        "ramp": {"per_hour": 1000, "factor": 2.0},
    }


def test_hours_of_less_than_an_hour_are_refused(world, seat, today):
    rollout = make_rollout(world, now=today)

    answer = seat("operator").post(f"/rollouts/{rollout.pk}/pace/", {**PACE, "activation_to": "23:30"})

    assert answer.status_code in {400, 422}
    assert "must be at least an hour" in plain(answer)


@pytest.mark.requirement("R3.12")
def test_a_supplier_keeps_hours_of_its_own_that_nobody_else_reads(world, seat, today):
    make_rollout(world, now=today)
    client = seat("supplier")

    page = plain(
        client.post("/activation-hours/", {"activation_from": "01:00", "activation_to": "04:00"}, follow=True)
    )
    second = plain(seat("other").get("/activation-hours/"))
    client.post("/activation-hours/", {"activation_from": "", "activation_to": ""})

    assert "You keep 01:00 to 04:00." in page
    assert "Activation hours: not set → 01:00 to 04:00" in page
    assert "01:00" not in second
    assert "You have set none" in second
    assert not SupplierHours.objects.exists()


@pytest.mark.parametrize("who", ["supplier", "other", "csp", "panel"])
def test_only_dcc_changes_hours_and_capacity(world, seat, today, who):
    rollout = make_rollout(world, now=today)
    client = seat(who)

    assert client.get("/channels/2/").status_code in {403, 404}
    assert client.post("/channels/2/", CHANNEL).status_code in {403, 404}
    assert client.get(f"/rollouts/{rollout.pk}/pace/").status_code in {403, 404}
    assert client.post(f"/rollouts/{rollout.pk}/pace/", PACE).status_code in {403, 404}


@pytest.mark.requirement("R3.12")
@pytest.mark.parametrize(
    ("status", "page"), [("PILOT_REVIEW", "steps/accept_pilot"), ("SUSPENDED", "decision")]
)
def test_what_goes_on_says_which_hubs_it_activates_at_night_and_from_when(world, seat, today, status, page):
    rollout = make_rollout(world, now=today, has_pilot=True)
    Rollout.objects.update(status=status, stood_at="SAFE_LAUNCH")
    Target.objects.filter(guid__lt=world.guid(3)).update(
        state=40, consent=5, effective_at=today - timedelta(days=2)
    )

    shown = plain(seat("operator").get(f"/rollouts/{rollout.pk}/{page}/"))

    assert "3 hubs" in shown
    assert ("they activate at night, from 22:00" in shown) == (status == "PILOT_REVIEW")
    assert ("they activate in the next activation hours" in shown) == (status == "SUSPENDED")


@pytest.mark.requirement("R3.12")
def test_publishing_warns_where_the_automatic_time_is_by_day(world, seat, today):
    rollout = make_rollout(world, now=today)
    noon = rollout.automatic_at.replace(hour=12)
    Rollout.objects.update(status="DRAFT", automatic_at=noon, cutoff_at=noon - timedelta(days=30))

    shown = plain(seat("operator").get(f"/rollouts/{rollout.pk}/preview/"))

    assert "Outside the activation hours" in shown
    assert "activate at night, from 22:00 to 06:00 local time" in shown
