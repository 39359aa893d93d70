"""A time is chosen, none is chosen on purpose, and hubs that start soon are asked about again (R3.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollouts import services
from rollouts.models import Instruction, PilotSubmission, Target
from rollouts.states import InstructionKind
from tests.factories import make_rollout
from tests.web.forms import as_typed
from tests.web.instructing import check, submit, token_in

pytestmark = [pytest.mark.django_db]

CONFIRM = "Yes, let 2 hubs activate within a day"


def test_nothing_is_chosen_beforehand_and_the_choice_is_asked_for(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")

    form = client.get(f"/rollouts/{rollout.pk}/instruct/").context["form"]
    refused = client.post(f"/rollouts/{rollout.pk}/instruct/", {"kind": "INSTRUCT", "source": "waiting"})

    assert not any(choice.data["selected"] for choice in form["timing"].subwidgets)
    assert refused.status_code == 422
    assert "Choose when the hubs activate." in refused.content.decode()


@pytest.mark.parametrize(
    ("timing", "words"),
    [("any", "choose “On a date and time”"), ("at", ""), ("", "")],
)
def test_a_time_that_was_typed_is_never_dropped(world, seat, today, timing, words):
    rollout = make_rollout(world, now=today)
    typed = as_typed(today + timedelta(days=20))

    checked = check(
        seat("supplier"), rollout, source="paste", hubs=world.pasted(0), timing=timing, activate_at=typed
    )

    assert checked.status_code == (422 if words else 200)
    assert words in checked.content.decode()
    assert typed in checked.content.decode() if words else True


def test_a_date_that_was_promised_has_to_be_entered(world, seat, today):
    rollout = make_rollout(world, now=today)

    refused = check(seat("supplier"), rollout, timing="at", activate_at="")

    assert refused.status_code == 422
    assert "Enter the date and time of activation." in refused.content.decode()


def test_hubs_that_start_soon_are_asked_about_again(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    checked = check(client, rollout, source="paste", hubs=world.pasted(0, 1))
    token = token_in(checked)

    unsure = client.post(f"/rollouts/{rollout.pk}/instruct/submit/", {"token": token})
    assert not Instruction.objects.exists()
    sure = submit(client, rollout, token_in(unsure))

    assert CONFIRM in checked.content.decode()
    assert unsure.status_code == 422
    assert "Confirm that these hubs may activate so soon." in unsure.content.decode()
    assert sure.status_code == 302
    assert Instruction.objects.get().accepted == 2


@pytest.mark.parametrize(
    ("status", "days", "is_asked"),
    [
        ("SAFE_LAUNCH", 0.5, True),
        ("SAFE_LAUNCH", 20, False),
        ("PILOT", 0.5, False),
    ],
)
def test_only_where_they_do_start_soon(world, seat, today, status, days, is_asked):
    rollout = make_rollout(world, now=today, status=status)
    at = as_typed(today + timedelta(days=days))

    checked = check(seat("supplier"), rollout, source="paste", hubs=world.pasted(0, 1), activate_at=at)

    assert (CONFIRM in checked.content.decode()) == is_asked


def test_agreeing_with_a_time_that_is_near_is_asked_about_too(world, seat, today):
    rollout = make_rollout(world, now=today)
    services.receive_instruction(
        world.as_other,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=services.HubList.from_stored([world.guid(9)]),
        activate_at=today + timedelta(hours=6),
        received_at=today,
        now=today,
    )
    client = seat("supplier")

    checked = check(client, rollout, kind="AGREE", source="paste", hubs=world.pasted(9))
    unsure = client.post(f"/rollouts/{rollout.pk}/instruct/submit/", {"token": token_in(checked)})

    assert "Yes, let 1 hub activate within a day" in checked.content.decode()
    assert unsure.status_code == 422
    assert not Target.objects.filter(guid=world.guid(9), consent__gte=4).exists()


@pytest.mark.requirement("R2.3")
def test_a_nomination_says_when_too(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    client, url = seat("supplier"), f"/rollouts/{rollout.pk}/pilot/"
    fields = {"source": "paste", "hubs": world.pasted(0), "act": "submit"}

    silent = client.post(url, fields)
    taken = client.post(url, {**fields, "timing": "any"})

    assert (silent.status_code, taken.status_code) == (422, 302)
    assert "Choose when the hubs activate." in silent.content.decode()
    assert PilotSubmission.objects.get().activate_at is None
