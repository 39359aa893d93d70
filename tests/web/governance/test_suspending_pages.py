"""The DCC suspends a rollout and the Panel decides how it goes on, on pages without scripts."""

from __future__ import annotations

import re

import pytest

from rollouts import services
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R5.4")
def test_suspending_says_what_it_touches_asks_for_a_reason_and_is_done_in_one_step(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, url = seat("operator"), f"/rollouts/{rollout.pk}/steps/suspend/"

    shown = client.get(url).content.decode()
    blank = client.post(url, {"reason": " "})
    done = client.post(url, {"reason": "Too many failures."}, follow=True)
    again = client.post(url, {"reason": "Once more."})

    assert re.search(r"Suspend at once.*?20 hubs", shown, re.DOTALL)
    assert blank.status_code == 422
    assert "Sending has stopped." in done.content.decode()
    assert "Too many failures." in done.content.decode()
    assert again.status_code in {302, 409}
    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"


@pytest.fixture
def suspended(world, today):
    """A rollout the DCC has suspended: its review is open."""
    rollout = make_rollout(world, now=today)
    services.take_step(
        world.operator, rollout_id=rollout.pk, verb="suspend", reason="Too many failures.", now=today
    )
    return rollout


def decide(client, rollout, act, version=1, **fields):
    return client.post(f"/rollouts/{rollout.pk}/decision/", {"act": act, "version": version, **fields})


@pytest.mark.requirement("R5.3", "R5.4")
def test_an_update_goes_on_when_the_panel_has_signed_what_the_dcc_recommends(world, seat, suspended):
    dcc, panel = seat("operator"), seat("panel")
    url = f"/rollouts/{suspended.pk}/decision/"
    assert "Too many failures." in dcc.get(url).content.decode()

    assert decide(dcc, suspended, "recommend", outcome="PROCEED", reasons="").status_code == 422
    assert decide(dcc, suspended, "recommend", outcome="PROCEED", reasons="Mended.").status_code == 302
    shown = panel.get(url).content.decode()
    version = re.search(r'name="version" value="(\d+)"', shown)[1]
    stale = decide(panel, suspended, "approve", version=99)
    signed = decide(panel, suspended, "approve", version=version)

    assert "Proceed as planned" in shown
    assert "Mended." in shown
    assert stale.status_code == 409
    assert signed.status_code == 302
    suspended.refresh_from_db()
    assert suspended.status == "SAFE_LAUNCH"
    assert "Confirmed and enacted" in dcc.get(url).content.decode()


@pytest.mark.requirement("R5.3")
def test_a_rejection_needs_a_word_and_leaves_the_update_as_it_stands(world, seat, suspended):
    decide(seat("operator"), suspended, "recommend", outcome="STOP", reasons="Beyond repair.")
    panel = seat("panel")
    version = re.search(
        r'name="version" value="(\d+)"', panel.get(f"/rollouts/{suspended.pk}/decision/").content.decode()
    )[1]

    assert decide(panel, suspended, "reject", version=version).status_code == 422
    assert decide(panel, suspended, "reject", version=version, comment="Look again.").status_code == 302
    suspended.refresh_from_db()
    assert suspended.status == "SUSPENDED"


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize("actor", ["supplier", "csp"])
def test_nobody_else_sees_or_signs_a_decision(world, seat, suspended, actor):
    assert seat(actor).get(f"/rollouts/{suspended.pk}/decision/").status_code == 404
    assert decide(seat(actor), suspended, "approve").status_code == 404


def test_the_dcc_does_not_sign_and_the_panel_does_not_recommend(world, seat, suspended):
    assert decide(seat("panel"), suspended, "recommend", outcome="STOP", reasons="No.").status_code == 403
    decide(seat("operator"), suspended, "recommend", outcome="STOP", reasons="Beyond repair.")
    assert decide(seat("operator"), suspended, "approve", version=2).status_code == 403


def test_a_delay_asks_for_its_date(world, seat, suspended):
    answer = decide(seat("operator"), suspended, "recommend", outcome="DELAY", reasons="More time.")

    assert answer.status_code == 422
    assert 'href="#id_automatic_at"' in answer.content.decode()


@pytest.mark.parametrize("verb", ["complete", "notify", "open_safe_launch", "resume", "stop", "explode"])
def test_a_step_without_a_button_has_no_page(world, seat, today, verb):
    rollout = make_rollout(world, now=today)

    assert seat("operator").get(f"/rollouts/{rollout.pk}/steps/{verb}/").status_code == 404
