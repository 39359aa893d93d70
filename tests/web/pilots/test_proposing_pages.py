"""Pilot hubs the DCC proposes, on pages: who has not nominated, what is proposed, and the one answer."""

from __future__ import annotations

import pytest

from portal.kernel.references import reference_of
from rollouts.models import PilotReminder, PilotSubmission, Target
from rollouts.queries.rollouts.dashboard import dashboard
from rollouts.queries.rollouts.duties import Duty
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def rollout(world, today):
    """A published rollout whose pilot nobody has nominated hubs for."""
    return make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)


def propose(seat, rollout, **fields):
    """Send the form of the page."""
    form = {"act": "propose", "timing": "any", "rule-supply": "SPLIT", **fields}
    return seat("operator").post(f"/rollouts/{rollout.pk}/pilot/propose/", form, follow=True)


def proposal_url(rollout, organisation):
    """Return the address of what is proposed to a Supplier."""
    submission = PilotSubmission.objects.get(organisation_id=organisation.pk)
    return f"/rollouts/{rollout.pk}/pilot/{reference_of(submission.pk, 'submission')}/"


@pytest.mark.requirement("R2.3")
def test_the_dcc_sees_who_has_not_nominated_and_reminds_them(world, seat, rollout):
    url = f"/rollouts/{rollout.pk}/pilot/"
    board = seat("operator").get(url).content.decode()

    done = seat("operator").post(f"{url}remind/", follow=True)
    again = seat("operator").post(f"{url}remind/", follow=True)

    assert board.count("Has not nominated") == 3
    assert "3 Suppliers reminded" in done.content.decode()
    assert "was reminded within the last day" in again.content.decode()
    assert PilotReminder.objects.count() == 3
    assert seat("supplier").post(f"{url}remind/").status_code == 403
    assert "Who has nominated" not in seat("supplier").get(url).content.decode()


@pytest.mark.parametrize("changes", [{"status": "DRAFT"}, {"has_pilot": False}])
def test_nothing_is_proposed_where_there_is_no_pilot(world, seat, today, changes):
    rollout = make_rollout(world, now=today, **{"status": "NOTIFIED", "has_pilot": True, **changes})

    assert seat("operator").get(f"/rollouts/{rollout.pk}/pilot/propose/").status_code == 404


@pytest.mark.requirement("R2.3")
def test_what_would_be_proposed_is_shown_first(world, seat, rollout):
    fields = {"act": "preview", "rule-supply": "SPLIT", "supplier": world.other.pk}

    answer = seat("operator").post(f"/rollouts/{rollout.pk}/pilot/propose/", fields)

    assert answer.context["preview"].selection.chosen == 4
    assert not PilotSubmission.objects.exists()
    assert seat("supplier").get(f"/rollouts/{rollout.pk}/pilot/propose/").status_code == 403


@pytest.mark.requirement("R2.3", "R2.6", "R4.5")
def test_suppliers_accept_with_one_answer_each_and_shared_hubs_join_with_the_second(
    world, seat, rollout, today
):
    made = propose(seat, rollout, comment="Nobody nominated.")
    owed = {each.duty: each for each in dashboard(world.as_other, now=today).outstanding}
    page = seat("other").get(proposal_url(rollout, world.other)).content.decode()

    first = seat("other").post(proposal_url(rollout, world.other), {"act": "accept"}, follow=True)
    second = seat("supplier").post(proposal_url(rollout, world.supplier), {"act": "accept"}, follow=True)
    third = seat("third").post(
        proposal_url(rollout, world.third), {"act": "refuse", "comment": "Not now."}, follow=True
    )

    assert "6 hubs proposed to 3 Suppliers." in made.content.decode()
    assert owed[Duty.ANSWER_PROPOSAL].count == 4
    assert Duty.NOMINATE not in owed
    assert "Nobody nominated." in page
    assert "Accepted: 0 hubs joined the pilot. A hub you share joins" in first.content.decode()
    assert "Accepted: 3 hubs joined the pilot." in second.content.decode()
    assert "these hubs stay out of the pilot" in third.content.decode()
    assert Duty.ANSWER_PROPOSAL not in {
        each.duty for each in dashboard(world.as_other, now=today).outstanding
    }
    for actor in ("other", "supplier", "third"):
        words = seat(actor).get(f"/rollouts/{rollout.pk}/pilot/").content.decode()
        others = {"Brightwater Energy", "Fernhill Gas", "Kestrel Power"} - {getattr(world, actor).name}
        assert not any(name in words for name in others)


@pytest.mark.requirement("R2.3")
def test_another_suppliers_proposal_is_not_there_and_a_lost_hub_is_not_listed(world, seat, rollout):
    propose(seat, rollout)
    url = proposal_url(rollout, world.other)
    Target.objects.filter(guid=world.guid(9)).update(gas_supplier_id=world.third.pk)

    for actor in ("supplier", "third", "operator", "csp", "panel"):
        assert seat(actor).get(url).status_code == 404
        assert seat(actor).post(url, {"act": "accept"}).status_code == 404
    assert "00-DB-12-34-00-00-00-09" not in seat("other").get(url).content.decode()
    assert "00-DB-12-34-00-00-00-0A" in seat("other").get(url).content.decode()


def test_the_page_of_a_proposal_takes_as_many_statements_for_many_hubs_as_for_few(
    world, seat, rollout, statements
):
    propose(seat, rollout)

    assert statements(seat("other"), proposal_url(rollout, world.other)) <= 18
    assert statements(seat("operator"), f"/rollouts/{rollout.pk}/pilot/propose/") <= 18


def test_the_dcc_takes_back_what_is_not_answered(world, seat, rollout):
    propose(seat, rollout)
    url = proposal_url(rollout, world.other)
    board = seat("operator").get(f"/rollouts/{rollout.pk}/pilot/").content.decode()

    done = seat("operator").post(f"{url}withdraw/", follow=True)
    page = seat("other").get(url)

    assert f"{url}withdraw/" in board
    assert "The proposal is withdrawn" in done.content.decode()
    assert "No longer asked" in page.content.decode()
    assert seat("supplier").post(f"{url}withdraw/").status_code == 404
