"""The DCC drafts, previews, changes and publishes a rollout on its pages, without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rollouts.models import Rollout
from tests.factories import make_rollout
from tests.web.forms import as_typed, draft_of

pytestmark = pytest.mark.django_db


def test_an_update_is_drafted_previewed_changed_and_published(world, seat, today):
    client = seat("operator")
    answer = client.post("/rollouts/new/", draft_of(world, today))
    rollout = Rollout.objects.get()
    assert answer["Location"] == f"/rollouts/{rollout.pk}/preview/"

    preview = client.get(answer["Location"]).content.decode()
    assert "Brightwater Energy" in preview
    assert re.search(r"Publish the notice.*?20 hubs", preview, re.DOTALL)

    form = client.get(f"/rollouts/{rollout.pk}/draft/").content.decode()
    assert "Toshiba winter release" in form
    client.post(f"/rollouts/{rollout.pk}/draft/", draft_of(world, today, name="Toshiba spring release"))
    answer = client.post(f"/rollouts/{rollout.pk}/preview/", follow=True)

    assert "Published: 20 hubs of 3 Suppliers" in answer.content.decode()
    rollout.refresh_from_db()
    assert (rollout.status, rollout.name) == ("NOTIFIED", "Toshiba spring release")


@pytest.mark.requirement("R1.2")
def test_a_draft_beyond_six_months_is_refused_and_keeps_what_was_typed(world, seat, today):
    answer = seat("operator").post(
        "/rollouts/new/", draft_of(world, today, automatic_at=as_typed(today + timedelta(days=400)))
    )

    body = answer.content.decode()
    assert answer.status_code == 409
    assert "six months" in body
    assert 'value="Toshiba winter release"' in body


@pytest.mark.parametrize("missing", ["name", "automatic_at", "cpl_entry_id"])
def test_a_draft_without_what_it_needs_says_what(world, seat, today, missing):
    answer = seat("operator").post("/rollouts/new/", draft_of(world, today, **{missing: ""}))

    assert answer.status_code == 422
    assert f'href="#id_{missing}"' in answer.content.decode()


@pytest.mark.requirement("R1.4")
def test_a_revision_of_the_release_note_is_published_and_kept(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("operator")
    url = f"/rollouts/{rollout.pk}/release-notes/"

    assert client.post(url, {"url": "not an address"}).status_code == 422
    assert (
        client.post(url, {"url": "https://notes.example/2", "summary": "One fault more."}).status_code == 302
    )

    assert [note.revision for note in rollout.release_notes.order_by("revision")] == [1, 2]
    assert "One fault more." in seat("supplier").get(url).content.decode()
    assert seat("supplier").post(url, {"url": "https://notes.example/3"}).status_code == 403
