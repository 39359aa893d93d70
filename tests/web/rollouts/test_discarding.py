"""A draft nobody needs any more is discarded; what was published stays."""

from __future__ import annotations

import pytest

from rollouts.models import CplEntry, ReleaseNote, Rollout
from tests.factories import make_rollout
from tests.web.forms import draft_of

pytestmark = pytest.mark.django_db


def test_a_draft_is_discarded_for_good_and_the_journal_knows(world, seat, today):
    client = seat("operator")
    client.post("/rollouts/new/", draft_of(world, today))
    draft = Rollout.objects.get()
    assert "Discard this draft" in client.get(f"/rollouts/{draft.pk}/preview/").content.decode()

    answer = client.post(f"/rollouts/{draft.pk}/discard/", follow=True)

    assert "The draft is discarded." in answer.content.decode()
    assert not Rollout.objects.exists()
    assert not ReleaseNote.objects.exists()
    assert client.post(f"/rollouts/{draft.pk}/discard/").status_code == 404


def test_what_is_published_is_not_discarded(world, seat, today):
    rollout = make_rollout(world, now=today)

    answer = seat("operator").post(f"/rollouts/{rollout.pk}/discard/", follow=True)

    assert "The notice has been published already." in answer.content.decode()
    assert Rollout.objects.filter(pk=rollout.pk).exists()


def test_only_dcc_operators_discard_and_nobody_else_learns_of_a_draft(world, seat, today):
    rollout = make_rollout(world, now=today, status="DRAFT")

    for actor in ("supplier", "other", "csp", "panel"):
        assert seat(actor).post(f"/rollouts/{rollout.pk}/discard/").status_code == 403, actor
    assert Rollout.objects.count() == 1


def test_publishing_stands_above_the_figures_and_a_draft_that_cannot_be_says_why(world, seat, today):
    client = seat("operator")
    client.post("/rollouts/new/", draft_of(world, today))
    url = f"/rollouts/{Rollout.objects.get().pk}/preview/"

    shown = client.get(url).content.decode()
    CplEntry.objects.filter(pk=world.target.pk).update(status="WITHDRAWN")
    refused = client.get(url).content.decode()

    assert shown.index("Publish the notice") < shown.index("Eligible hubs")
    assert "Publish the notice" not in refused
    assert "It can be published once the problems above are fixed." in refused
