"""Alerts that fit nothing: listed, filtered, marked as reviewed with a name and a reason."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.events.models import Event
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotPermitted
from rollouts import services
from rollouts.models import UnmatchedAlert
from rollouts.queries.rollouts.dashboard import dashboard
from rollouts.queries.rollouts.duties import Duty
from tests.factories import OrganisationFactory, UserFactory

pytestmark = [pytest.mark.django_db]

LIST = "/unmatched-alerts/"
REVIEW = "/unmatched-alerts/review/"


def misfit(world, today, *, number: int = 0, why: str = "NO_ROLLOUT", csp: int | None = None):
    return UnmatchedAlert.objects.create(
        alert_id=uuid4(),
        batch_id=1,
        csp_id=csp or world.csp.pk,
        guid=world.guid(number),
        code=5,
        occurred_at=today - timedelta(hours=1),
        received_at=today,
        why=why,
    )


@pytest.mark.requirement("R4.11")
def test_an_alert_is_marked_with_who_when_and_why(world, seat, today):
    each, other = misfit(world, today), misfit(world, today, number=1)
    client = seat("operator")

    answer = client.post(REVIEW, {"alert": [each.pk], "which": "ticked", "note": "  A test of the CSP's. "})

    assert answer.status_code == 302
    each.refresh_from_db()
    other.refresh_from_db()
    assert (each.reviewed_by, each.reviewed_by_id) == (world.operator_user.name, world.operator_user.pk)
    assert (each.review_note, other.reviewed_at) == ("A test of the CSP's.", None)
    page = client.get(f"{LIST}?shown=reviewed").content.decode()
    assert "A test of the CSP&#x27;s." in page
    assert world.operator_user.name in page
    assert "1 alert marked as reviewed." in page


def test_who_reviewed_what_stands_in_the_journal(world, today):
    each = misfit(world, today)

    services.review_unmatched(world.operator, alert_ids=[each.pk], note="Seen.", now=today)

    fact = Event.objects.get(name="unmatched-alerts.reviewed")
    assert (fact.facts["alerts"], fact.facts["reason"]) == (1, "Seen.")
    assert fact.facts["first"] == [str(each.alert_id)]


def test_all_that_a_filter_finds_are_marked_at_once_and_nothing_that_came_since(world, seat, today):
    stray = OrganisationFactory(kind="CSP", name="CSP North")
    for number in range(3):
        misfit(world, today, number=number, csp=stray.pk)
    apart = misfit(world, today, number=4)
    listed = seat("operator").get(f"{LIST}?csp={stray.pk}")
    late = misfit(world, today, number=5, csp=stray.pk)
    assert listed.context["count"] == 3

    seat("operator").post(
        REVIEW, {"which": "all", "up_to": listed.context["up_to"], "csp": stray.pk, "note": "A replay."}
    )

    waiting = UnmatchedAlert.objects.filter(reviewed_at=None).values_list("pk", flat=True)
    assert set(waiting) == {apart.pk, late.pk}


def test_what_has_been_reviewed_keeps_its_first_words(world, today):
    each = misfit(world, today)
    services.review_unmatched(world.operator, alert_ids=[each.pk], note="First.", now=today)

    assert services.review_unmatched(world.operator, alert_ids=[each.pk], note="Second.", now=today) == 0
    each.refresh_from_db()
    assert each.review_note == "First."


def test_without_a_reason_or_an_alert_nothing_is_marked(world, seat, today):
    each = misfit(world, today)
    client = seat("operator")

    blank = client.post(REVIEW, {"alert": [each.pk], "note": " "})
    none = client.post(REVIEW, {"note": "Seen."})

    assert (blank.status_code, none.status_code) == (422, 422)
    assert b"Say why they need nothing more" in blank.content
    assert b"checked>" in blank.content.split(b"which-ticked")[0]  # the tick is kept
    assert b">Seen.</textarea>" in none.content
    with pytest.raises(BadInput):
        services.review_unmatched(world.operator, note="Seen.", now=today)
    assert UnmatchedAlert.objects.filter(reviewed_at=None).count() == 1


@pytest.mark.requirement("R4.11")
def test_reviewing_settles_what_the_dcc_owed(world, today):
    each = misfit(world, today)
    assert any(o.duty == Duty.REVIEW_UNMATCHED for o in dashboard(world.operator, now=today).outstanding)

    services.review_unmatched(world.operator, alert_ids=[each.pk], note="Seen.", now=today)

    assert not any(o.duty == Duty.REVIEW_UNMATCHED for o in dashboard(world.operator, now=today).outstanding)


@pytest.mark.requirement("R4.11")
@pytest.mark.parametrize("actor", ["supplier", "other", "csp", "panel"])
def test_nobody_but_the_dcc_sees_or_reviews_them(world, seat, today, actor):
    each = misfit(world, today)

    assert seat(actor).get(LIST).status_code == 403
    assert seat(actor).post(REVIEW, {"alert": [each.pk], "note": "Seen."}).status_code == 403
    each.refresh_from_db()
    assert each.reviewed_at is None


def test_a_viewer_of_the_dcc_looks_and_does_not_review(world, client, today):
    each = misfit(world, today)
    viewer = UserFactory(organisation=world.dcc, roles=[Role.DCC_VIEWER.value])
    client.force_login(viewer)

    assert b"Mark as reviewed" not in client.get(LIST).content
    assert client.post(REVIEW, {"alert": [each.pk], "note": "Seen."}).status_code == 403
    with pytest.raises(NotPermitted):
        services.review_unmatched(Scope.of(viewer), alert_ids=[each.pk], note="Seen.", now=today)


def test_pages_of_alerts_keep_their_filter(world, seat, today):
    for number in range(60):
        misfit(world, today, number=number % 20)

    first = seat("operator").get(f"{LIST}?why=NO_ROLLOUT")
    second = seat("operator").get(first.context["older_url"])

    assert len(first.context["page"].items) == 50
    assert len(second.context["page"].items) == 10
    assert "why=NO_ROLLOUT" in first.context["older_url"]


def test_numbers_of_no_alert_mark_nothing(world, seat, today):
    misfit(world, today)
    huge = "9" * 40

    assert seat("operator").post(REVIEW, {"alert": [huge, "x"], "note": "Seen."}).status_code == 422
    assert seat("operator").post(REVIEW, {"which": "all", "up_to": huge, "note": "Seen."}).status_code == 302
    assert seat("operator").get(f"{LIST}?before={huge}&csp={huge}").status_code == 200
