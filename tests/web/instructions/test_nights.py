"""What Check, receipt and the page of a hub say of hours in which homes are not harmed (R3.12)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.kernel.guid import Guid
from portal.kernel.presentation.moments import long_time
from rollouts.models import Command, Rollout, SupplierHours, Target
from tests.factories import make_rollout

SPLIT = 9

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R3.12")]


def plain(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", response.content.decode()))


def check(client, rollout, world, *, at=None, numbers=(0, 1)):
    hubs = "\n".join(str(Guid.from_db(world.guid(number))) for number in numbers)
    typed = {"kind": "INSTRUCT", "source": "paste", "hubs": hubs, "timing": "any" if at is None else "at"}
    if at is not None:
        typed["activate_at"] = f"{at:%Y-%m-%dT%H:%M}"
    return client.post(f"/rollouts/{rollout.pk}/instruct/", typed)


def submitted(client, rollout, checked):
    token = re.search(r'name="token" value="([^"]+)"', checked.content.decode())[1]
    return client.post(
        f"/rollouts/{rollout.pk}/instruct/submit/", {"token": token, "is_sure": "on"}, follow=True
    )


def test_check_and_receipt_say_how_many_hubs_activate_at_night_and_from_when(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")

    checked = check(client, rollout, world)
    receipt = submitted(client, rollout, checked)

    for page in (plain(checked), plain(receipt)):
        assert "2 hubs have no time that anybody chose: they activate at night" in page
        assert "from 22:00 to 06:00 local time" in page
        assert "Outside the activation hours" not in page


def test_a_time_by_day_is_kept_with_a_warning(world, seat, today):
    rollout = make_rollout(world, now=today)
    noon = (today + timedelta(days=20)).replace(hour=12, minute=0, second=0, microsecond=0)
    client = seat("supplier")

    checked = check(client, rollout, world, at=noon)
    receipt = submitted(client, rollout, checked)

    for page in (plain(checked), plain(receipt)):
        assert f"Outside the activation hours{long_time(noon)} is kept as it stands." in page
        assert "nobody chose" not in page
    assert set(Target.objects.exclude(import_time=None).values_list("effective_at", flat=True)) == {noon}


def test_a_supplier_reads_its_own_narrower_hours_and_nobody_elses(world, seat, today):
    rollout = make_rollout(world, now=today)
    SupplierHours.objects.create(
        supplier=world.other, hours={"from": "01:00", "to": "03:00"}, changed_at=today
    )

    own = plain(check(seat("other"), rollout, world, numbers=(SPLIT,)))
    second = plain(check(seat("supplier"), rollout, world, numbers=(0,)))

    assert "within your own hours, 01:00 to 03:00" in own
    assert "01:00" not in second


def test_the_page_of_a_hub_says_that_it_waits_for_the_night_and_then_for_when_it_was_told(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    address = f"/hubs/{Guid.from_db(world.guid(0))}/"
    target = Target.objects.filter(guid=world.guid(0))
    target.update(
        import_answer=1, import_time=None, effective_at=today, answered_at=today, consent=4, state=40
    )

    waiting = plain(client.get(address))
    commanded_for = today + timedelta(hours=15)
    command = Command.objects.create(
        rollout_id=rollout.pk,
        kind=2,
        status=3,
        region=2,
        guids=[world.guid(0)],
        hub_count=1,
        execute_at=commanded_for,
        due_at=today,
        created_at=today,
        claimed_at=today,
        sent_at=today,
    )
    target.update(state=50, command_id=command.pk)
    text = plain(client.get(address))
    target.update(
        state=40,
        command_id=None,
        import_time=today - timedelta(days=3),
        effective_at=today - timedelta(days=3),
    )
    missed = plain(client.get(address))

    assert "in the first night (22:00 to 06:00) it can be reached, as nobody chose its time" in waiting
    assert f"It activates {long_time(commanded_for)}" in text
    assert f"as its time of {long_time(today - timedelta(days=3))} has passed" in missed
    assert Rollout.objects.count() == 1
