"""A step that cannot succeed says why instead of offering itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.models import PilotSubmission
from rollouts.services import HubList
from tests.factories import make_rollout
from tests.web.governing import decision_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def notified(world, today):
    return make_rollout(
        world,
        now=today,
        automatic_at=today + timedelta(days=120),
        status="NOTIFIED",
        has_pilot=True,
        gate_open=False,
    )


@pytest.mark.requirement("R2.3")
def test_a_pilot_without_hubs_is_not_offered_but_explained(notified, seat):
    dcc, path = seat("operator"), f"/rollouts/{notified.pk}/steps/start_pilot/"

    for page in (f"/rollouts/{notified.pk}/", f"/rollouts/{notified.pk}/pilot/", path):
        html = dcc.get(page).content.decode()
        assert "No hub is in the pilot group." in html
        assert f'href="{path}"' not in html
    assert "<button" not in dcc.get(path).content.decode().partition('class="decide"')[2]


@pytest.mark.requirement("R2.3")
def test_once_hubs_are_confirmed_the_pilot_is_offered(notified, world, seat, today):
    services.submit_pilot(
        world.as_supplier, rollout_id=notified.pk, source=HubList.from_stored([world.guid(0)]), now=today
    )
    nomination = PilotSubmission.objects.get()
    services.confirm_pilot(world.operator, rollout_id=notified.pk, submission_ids=[nomination.pk], now=today)

    html = seat("operator").get(f"/rollouts/{notified.pk}/").content.decode()

    assert f'href="/rollouts/{notified.pk}/steps/start_pilot/"' in html
    assert "No hub is in the pilot group." not in html


def test_a_supplier_whose_hubs_are_all_settled_is_not_asked_to_instruct(world, seat, today):
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=120))
    client = seat("supplier")
    assert (
        f'href="/rollouts/{rollout.pk}/instruct/"' in client.get(f"/rollouts/{rollout.pk}/").content.decode()
    )

    sql.run("UPDATE rollouts_target SET state = 90 WHERE rollout_id = %(id)s", {"id": rollout.pk})
    sql.run(
        "UPDATE rollouts_tally_state SET n = 0 WHERE rollout_id = %(id)s AND state <> 90", {"id": rollout.pk}
    )

    html = client.get(f"/rollouts/{rollout.pk}/").content.decode()
    assert f'href="/rollouts/{rollout.pk}/instruct/"' not in html


@pytest.mark.requirement("R5.3")
@pytest.mark.usefixtures("no_subscribers")
def test_whoever_cannot_sign_reads_why(world, seat, trouble, today):
    decision = decision_of(trouble)
    services.recommend(
        world.operator,
        decision_id=decision.pk,
        version=decision.version,
        outcome="PROCEED",
        reasons="It is mended.",
        now=today,
    )
    path = f"/rollouts/{trouble.rollout.pk}/decision/"

    by_author = text_of(seat("operator").get(path))
    by_panel = text_of(seat("panel").get(path))

    assert "You cannot sign this" in by_author
    assert "somebody else has to sign it" in by_author or "Your role does not sign this outcome" in by_author
    assert "Your signature" in by_panel
    assert "You cannot sign this" not in by_panel
