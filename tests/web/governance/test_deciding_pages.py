"""The page on which a rollout's future is decided: its evidence, who signs, and taking a recommendation back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from portal.kernel.presentation.moments import long_time
from portal.kernel.working_days import local
from rollouts import services
from rollouts.models import Decision
from rollouts.rules import one_month_before
from tests.factories import make_rollout
from tests.web.governing import decision_of

pytestmark = pytest.mark.django_db


def recommend(world, trouble, today):
    return services.recommend(
        world.operator,
        decision_id=decision_of(trouble).pk,
        version=1,
        outcome="STOP",
        reasons="Beyond repair.",
        now=today,
    )


@pytest.mark.requirement("R5.3")
def test_whoever_signs_reads_the_figures_and_takes_the_evidence_away(world, seat, trouble, today):
    recommend(world, trouble, today)

    page = seat("panel").get(f"/rollouts/{trouble.rollout.pk}/decision/").content.decode()

    assert "20.0% (3 of 15; 95%:" in page
    assert "2, naming 5 hubs" in page
    assert f"/rollouts/{trouble.rollout.pk}/evidence.zip" in page
    assert "Still needed:" in page


@pytest.mark.requirement("R5.6")
def test_what_activated_after_the_halt_is_counted_when_asked(seat, trouble):
    client, url = seat("operator"), f"/rollouts/{trouble.rollout.pk}/decision/"

    assert "Count what activated after the halt" in client.get(url).content.decode()
    assert (
        "0 hubs activated, or were first found to have, after the halt."
        in client.get(f"{url}?after-halt=1").content.decode()
    )


def test_a_recommendation_is_taken_back_with_a_reason(world, seat, trouble, today):
    recommend(world, trouble, today)
    client, url = seat("operator"), f"/rollouts/{trouble.rollout.pk}/decision/"
    version = decision_of(trouble).version

    assert client.post(url, {"act": "take_back", "version": version, "why": ""}).status_code == 422
    done = client.post(url, {"act": "take_back", "version": version, "why": "New facts."}, follow=True)

    assert "Recommendation withdrawn" in done.content.decode()
    assert Decision.objects.get(rollout=trouble.rollout).status == "REVIEW"
    assert seat("panel").post(url, {"act": "take_back", "version": 3, "why": "No."}).status_code == 403


def test_the_fields_of_a_delay_are_a_part_of_their_own_that_says_so(world, seat, trouble):
    url = f"/rollouts/{trouble.rollout.pk}/decision/"
    page = seat("operator").get(url).content.decode()

    part = page[page.index('data-for="DELAY BRING_FORWARD"') : page.index('name="reasons"')]
    assert 'name="automatic_at"' in part
    assert 'name="goes_on"' in part
    assert part.count("For a new date alone.") == 2
    assert f"It is {long_time(trouble.rollout.automatic_at)} now." in part
    assert 'name="outcome"' not in part
    style = (settings.BASE_DIR / "static/css/governing.css").read_text()
    chosen = 'input[name="outcome"]:is([value="DELAY"], [value="BRING_FORWARD"]):checked'
    assert f'.choose:not(:has({chosen})) [data-for~="DELAY"]' in style


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize(
    ("goes_on", "words"),
    [
        (True, "The halted rollout goes on with it"),
        (False, "The rollout stays paused until another decision."),
    ],
)
def test_whoever_signs_a_delay_reads_whether_the_update_goes_on_with_it(
    world, seat, trouble, today, goes_on, words
):
    until = trouble.rollout.automatic_at + timedelta(days=60)
    services.recommend(
        world.operator,
        decision_id=decision_of(trouble).pk,
        version=1,
        outcome="DELAY",
        reasons="Mended by then.",
        automatic_at=until,
        goes_on=goes_on,
        now=today,
    )

    page = seat("panel").get(f"/rollouts/{trouble.rollout.pk}/decision/").content.decode()

    assert words in page
    assert f"The new cut-off would be {long_time(one_month_before(until))}." in page


def test_the_page_says_who_will_have_to_sign_before_anything_is_recommended(seat, trouble):
    page = seat("operator").get(f"/rollouts/{trouble.rollout.pk}/decision/").content.decode()

    assert "Any outcome needs 1 of the SEC Panel or a nominated Sub-Committee (panel member)." in page


@pytest.mark.requirement("R1.2")
def test_whoever_signs_an_earlier_date_reads_what_it_does_to_instructions(world, seat, today):
    rollout = make_rollout(world, now=today)
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind="INSTRUCT",
        source=services.HubList.from_stored([world.guid(0), world.guid(1)]),
        activate_at=today + timedelta(days=80),
        received_at=today,
        now=today,
    )
    url = f"/rollouts/{rollout.pk}/decision/"
    operator = seat("operator")
    operator.post(url, {"act": "open", "because": "A fault in the old firmware."})
    form = {
        "act": "recommend",
        "version": 1,
        "outcome": "BRING_FORWARD",
        "reasons": "Sooner.",
        "goes_on": "on",
    }

    without = operator.post(url, form)
    day = local(today + timedelta(days=20)).strftime("%d/%m/%Y 02:00")
    done = operator.post(url, {**form, "automatic_at": day}, follow=True)
    page = seat("panel").get(url).content.decode()

    assert (without.status_code, done.status_code) == (422, 200)
    assert "2 hubs instructed for later would take the new date." in page
    assert "That has passed: Suppliers could no longer instruct." in page
    assert seat("supplier").get(url).status_code == 404
