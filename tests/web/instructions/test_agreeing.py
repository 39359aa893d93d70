"""Agreeing on the pages: the time is seen before, and the agreement refused when it has moved meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.kernel.caching import JsonSerializer
from portal.kernel.guid import Guid
from portal.kernel.presentation.moments import long_time
from rollouts import services
from rollouts.models import Instruction, Target
from rollouts.services import HubList
from rollouts.states import Consent, InstructionKind, TargetState
from rollouts.web.estate.hub_lists import restore_draft
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db

SPLIT = 9


def instruct(scope, rollout, world, *, now, at=None, kind=InstructionKind.INSTRUCT):
    services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=kind,
        source=HubList.from_stored([world.guid(SPLIT)]),
        activate_at=at,
        received_at=now,
        now=now,
    )


@pytest.mark.requirement("R3.4", "R3.3")
def test_the_time_is_shown_before_agreeing_and_an_agreement_to_another_is_refused(world, seat, today):
    rollout = make_rollout(world, now=today)
    seen, moved = today + timedelta(days=20), today + timedelta(days=40)
    instruct(world.as_supplier, rollout, world, now=today, at=seen)
    client, address = seat("other"), f"/rollouts/{rollout.pk}/instruct/"
    fields = {"kind": "AGREE", "source": "second"}

    checked = client.post(address, fields).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', checked)[1]
    times = restore_draft(world.as_other, token, rollout_id=rollout.pk).times
    instruct(world.as_supplier, rollout, world, now=today, at=moved)
    refused = client.post(f"{address}submit/", {"token": token})
    again = client.post(address, fields).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', again)[1]
    taken = client.post(f"{address}submit/", {"token": token})

    assert JsonSerializer().loads(JsonSerializer().dumps(times)) == times == [[seen, 1]]
    assert long_time(seen) in checked
    assert refused.status_code == 409
    assert "times have changed since you looked" in refused.content.decode()
    assert long_time(moved) in again
    assert taken.status_code == 302
    assert Instruction.objects.filter(kind="AGREE").count() == 1
    assert Target.objects.get(guid=world.guid(SPLIT)).consent == Consent.COMPLETE
    assert "Brightwater" not in checked + again


@pytest.mark.requirement("R3.9", "R3.4")
def test_the_page_of_a_hub_says_when_it_will_really_activate(world, seat, today):
    rollout = make_rollout(world, now=today)
    instruct(world.as_supplier, rollout, world, now=today, at=today + timedelta(days=20))
    waiting = seat("other").get(f"/hubs/{Guid.from_db(world.guid(SPLIT))}/").content.decode()
    instruct(world.as_other, rollout, world, now=today, kind=InstructionKind.AGREE)
    targets = Target.objects.filter(guid=world.guid(SPLIT))
    targets.update(state=TargetState.DISTRIBUTING)
    instruct(world.as_supplier, rollout, world, now=today, kind=InstructionKind.WITHDRAW)
    withdrawn = seat("other").get(f"/hubs/{Guid.from_db(world.guid(SPLIT))}/").content.decode()

    assert (
        f"in the first night (22:00 to 06:00) after its image is on it and after {long_time(rollout.cutoff_at)}"
        in waiting
    )
    assert long_time(today + timedelta(days=20)) in waiting
    assert "The image is on its way to the hub; nothing activates" in withdrawn
    assert long_time(rollout.automatic_at) in withdrawn


@pytest.mark.requirement("R3.9")
def test_after_the_cut_off_withdrawing_is_offered_and_nothing_else(world, seat, today):
    rollout = make_rollout(world, now=today - timedelta(days=100), automatic_at=today + timedelta(days=20))
    instruct(world.as_supplier, rollout, world, now=rollout.cutoff_at, at=today + timedelta(days=10))
    client, address = seat("supplier"), f"/rollouts/{rollout.pk}/instruct/"

    page = client.get(f"/rollouts/{rollout.pk}/").content.decode()
    batches = client.get(f"/rollouts/{rollout.pk}/batches/").content.decode()
    late = client.post(address, {"kind": "INSTRUCT", "source": "answered", "timing": "any"})
    checked = client.post(address, {"kind": "WITHDRAW", "source": "answered"})
    token = re.search(r'name="token" value="([^"]+)"', checked.content.decode())[1]
    taken = client.post(f"{address}submit/", {"token": token})

    assert taken.status_code == 302
    assert "Withdraw instructions" in page
    assert ("New time" in batches, ">Withdraw<" in batches) == (False, True)
    assert late.status_code == 409
    assert "Each hub keeps the time it has" in late.content.decode()
    hub = Target.objects.get(guid=world.guid(SPLIT))
    assert (hub.consent, hub.effective_at) == (Consent.DEFAULTED, rollout.automatic_at)
