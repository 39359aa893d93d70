"""Two people change one draft: nothing is lost, nothing is published unseen."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from rollouts.models import Rollout
from tests.factories import make_rollout
from tests.web.forms import draft_of, fields_in

pytestmark = pytest.mark.django_db
FORM, PREVIEW = ".decide", ".toolbar"


@pytest.fixture
def draft(world, seat, today):
    seat("operator").post("/rollouts/new/", draft_of(world, today))
    return Rollout.objects.get()


def test_two_editors_of_one_draft_keep_what_each_changed(seat, draft, today):
    client, url = seat("operator"), f"/rollouts/{draft.pk}/draft/"
    mine, theirs = fields_in(client.get(url), FORM), fields_in(client.get(url), FORM)
    later = today + timedelta(days=100)
    client.post(url, {**theirs, "automatic_at": f"{later:%d/%m/%Y} 12:00"})

    answer = client.post(url, {**mine, "description": "Mends the clock."})

    draft.refresh_from_db()
    assert answer.status_code == 302
    assert draft.description == "Mends the clock."
    assert draft.automatic_at.date() == later.date()


def test_a_field_that_both_changed_is_shown_with_both_values_and_asks(seat, draft):
    client, url = seat("operator"), f"/rollouts/{draft.pk}/draft/"
    mine, theirs = fields_in(client.get(url), FORM), fields_in(client.get(url), FORM)
    client.post(url, {**theirs, "name": "Theirs", "pilot_cap": "7"})

    answer = client.post(url, {**mine, "name": "Mine", "description": "Only mine"})

    page = unescape(answer.content.decode())
    draft.refresh_from_db()
    assert answer.status_code == 409
    assert "changed this to “Theirs”" in page
    assert "You entered “Mine”" in page
    assert (draft.name, draft.description, draft.pilot_cap) == ("Theirs", "", 7)

    client.post(url, fields_in(answer, FORM))

    draft.refresh_from_db()
    assert (draft.name, draft.description, draft.pilot_cap) == ("Mine", "Only mine", 7)


@pytest.mark.parametrize("second", [0, 45])
def test_a_draft_saved_unchanged_stays_to_the_microsecond_and_in_the_hour_that_comes_twice(
    seat, draft, today, second
):
    year = today.year if today.month < 8 else today.year + 1
    last = max(day for day in range(25, 32) if datetime(year, 10, day, tzinfo=UTC).weekday() == 6)
    at = datetime(year, 10, last, 1, 30, second, 123456, tzinfo=UTC)
    Rollout.objects.filter(pk=draft.pk).update(unreachable_until=at)
    client, url = seat("operator"), f"/rollouts/{draft.pk}/draft/"
    form = fields_in(client.get(url), FORM)
    before = Rollout.objects.values().get()

    answer = client.post(url, form)

    assert answer.status_code == 302
    assert form["unreachable_until"].endswith(" GMT")
    assert Rollout.objects.values().get() == before


def test_a_draft_that_changed_since_its_preview_is_shown_anew_first(seat, draft):
    client, url = seat("operator"), f"/rollouts/{draft.pk}/preview/"
    shown = fields_in(client.get(url), PREVIEW)
    Rollout.objects.filter(pk=draft.pk).update(name="Another name")

    answer = client.post(url, shown)

    draft.refresh_from_db()
    assert (answer.status_code, draft.status) == (412, "DRAFT")
    assert "Another name" in answer.content.decode()
    assert re.search("Somebody else has changed this", answer.content.decode())
    client.post(url, fields_in(answer, PREVIEW))
    draft.refresh_from_db()
    assert draft.status == "NOTIFIED"


def test_a_halt_whose_numbers_have_moved_is_shown_anew_first(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, url = seat("operator"), f"/rollouts/{rollout.pk}/steps/suspend/"
    form = {**fields_in(client.get(url), FORM), "reason": "Too many failures."}
    seen = json.loads(form["made_from"])
    seen["counts"]["not_begun"] += 40

    shown = client.post(url, {**form, "made_from": json.dumps(seen)})
    damaged = client.post(url, {**form, "made_from": "x"})

    rollout.refresh_from_db()
    assert (shown.status_code, damaged.status_code, rollout.status) == (409, 409, "SAFE_LAUNCH")
    assert "The numbers have changed" in shown.content.decode()
    again = fields_in(shown, FORM)
    assert again["reason"] == "Too many failures."
    client.post(url, again)
    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"
