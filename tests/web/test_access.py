"""Who may open which page: the other Supplier's seat, the wrong kind of organisation, the wrong role."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.identity.models import Organisation
from portal.identity.roles import Role
from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import PilotSubmission
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.factories import OrganisationFactory, UserFactory, make_rollout

pytestmark = pytest.mark.django_db

OF_AN_UPDATE = [
    "",
    "hubs/",
    "hubs.csv",
    "report.csv",
    "report.xlsx",
    "release-notes/",
    "pilot/",
    "instruct/",
]


@pytest.fixture
def stranger(world, client):
    """Somebody of a Supplier with no hub at all."""
    client.force_login(UserFactory(organisation=OrganisationFactory(name="Nowhere Energy")))
    return client


@pytest.mark.parametrize("page", OF_AN_UPDATE)
def test_a_supplier_without_hubs_in_an_update_does_not_find_it(world, stranger, today, page):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)

    assert stranger.get(f"/rollouts/{rollout.pk}/{page}").status_code == 404


def test_a_supplier_without_hubs_has_an_empty_list_and_dashboard(world, stranger, today):
    make_rollout(world, now=today)

    assert b"Toshiba 0C230000" not in stranger.get("/rollouts/").content
    assert b"Toshiba 0C230000" not in stranger.get("/").content


@pytest.mark.parametrize("actor", ["supplier", "other", "third", "csp", "panel"])
def test_a_draft_is_seen_by_the_dcc_alone(world, seat, today, actor):
    rollout = make_rollout(world, now=today)
    type(rollout).objects.filter(pk=rollout.pk).update(status="DRAFT")

    for page in (*OF_AN_UPDATE, "preview/", "draft/", "steps/notify/"):
        assert seat(actor).get(f"/rollouts/{rollout.pk}/{page}").status_code in {403, 404}, page


@pytest.mark.parametrize("actor", ["supplier", "other", "csp", "panel"])
@pytest.mark.parametrize(
    "path", ["/rollouts/new/", "/channels/", "/unmatched-alerts/", "/rollouts/{id}/steps/suspend/"]
)
def test_what_the_dcc_does_is_for_the_dcc(world, seat, today, actor, path):
    rollout = make_rollout(world, now=today)
    answer = seat(actor).get(path.format(id=rollout.pk))

    is_own = actor == "csp" and path == "/channels/"
    assert answer.status_code == (200 if is_own else 403)


def test_a_viewer_looks_and_does_not_act(world, client, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    client.force_login(UserFactory(organisation=world.supplier, roles=[Role.SUPPLIER_VIEWER.value]))

    assert client.get(f"/rollouts/{rollout.pk}/").status_code == 200
    assert client.get(f"/rollouts/{rollout.pk}/instruct/").status_code == 403
    assert (
        client.post(
            f"/rollouts/{rollout.pk}/pilot/", {"act": "submit", "timing": "any", "source": "rule"}
        ).status_code
        == 403
    )


@pytest.mark.parametrize("form", ["", "not-accepted.csv", "not-accepted.xlsx"])
def test_a_receipt_is_its_suppliers_alone(world, seat, today, form):
    rollout = make_rollout(world, now=today)
    receipt = services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(9)]),
        received_at=today,
        now=today,
    )
    path = f"/instructions/{receipt.reference}/{form}"

    assert seat("supplier").get(path).status_code == 200
    for actor in ("other", "third", "operator", "csp", "panel"):
        assert seat(actor).get(path).status_code == 404, actor


@pytest.mark.requirement("R3.3")
def test_nothing_on_the_pages_of_a_shared_hub_says_who_the_second_supplier_is(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    services.receive_instruction(
        world.as_other,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(n) for n in (9, 10, 11)]),
        received_at=today,
        activate_at=today + timedelta(days=40),
        now=today,
    )
    client = seat("supplier")

    pages = ["/", "/rollouts/", *(f"/rollouts/{rollout.pk}/{page}" for page in OF_AN_UPDATE)]
    for path in pages:
        answer = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        for name in (b"Fernhill", b"Kestrel"):
            assert name not in body, path


@pytest.mark.requirement("R3.3")
def test_a_page_does_not_change_when_the_second_supplier_is_somebody_else(world, seat, today):
    """Every byte of a Supplier's pages, but for tokens and times, is the same whoever the other one is."""
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    paths = [
        "/",
        "/rollouts/",
        f"/rollouts/{rollout.pk}/",
        f"/rollouts/{rollout.pk}/hubs/",
        f"/rollouts/{rollout.pk}/hubs.csv",
    ]

    def look() -> list[bytes]:
        client = seat("supplier")
        return [_without_tokens(client.get(path)) for path in paths]

    before = look()
    from portal.kernel import sql

    somebody = OrganisationFactory(name="Somebody Else")
    for table in ("rollouts_target", "rollouts_hub"):
        for side in ("import", "gas"):
            sql.run(
                f"UPDATE {table} SET {side}_supplier_id = %(new)s WHERE {side}_supplier_id = %(old)s",
                {"new": somebody.pk, "old": world.other.pk},
            )

    assert look() == before


def _without_tokens(answer) -> bytes:
    import re

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    body = re.sub(rb'(x-csrftoken": "|csrfmiddlewaretoken" value=")[^"]+', b"", body)
    body = re.sub(rb"<time.*?</time>", b"", body, flags=re.DOTALL)
    body = re.sub(rb"[\d,]+ (minute|second|hour)s?", b"", body)
    return re.sub(rb"chart__mark[^>]*>|at-\d+", b"", body)


def test_nobody_decides_on_or_withdraws_anothers_nomination(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=HubList.from_stored([world.guid(0)]), now=today
    )
    nomination = PilotSubmission.objects.get()
    url = f"/rollouts/{rollout.pk}/pilot/"

    assert (
        seat("other").post(f"{url}{reference_of(nomination.pk, 'submission')}/withdraw/").status_code == 404
    )
    assert (
        seat("other").post(f"{url}decide/", {"submission": nomination.pk, "act": "confirm"}).status_code
        == 403
    )
    assert seat("supplier").post(f"{url}decide/", {"submission": nomination.pk}).status_code == 403
    assert str(Guid.from_db(world.guid(0))).encode() not in seat("other").get(url).content
    assert PilotSubmission.objects.get().status == "SUBMITTED"


def test_a_csp_sees_only_its_regions(world, seat, today):
    rollout = make_rollout(world, now=today)
    from rollouts.models import CspChannel

    elsewhere = OrganisationFactory(kind="CSP", name="CSP North")
    CspChannel.objects.filter(region=2).update(csp=elsewhere)

    assert seat("csp").get(f"/rollouts/{rollout.pk}/").status_code == 404
    assert Organisation.objects.filter(pk=elsewhere.pk).exists()


def test_a_part_of_a_page_sends_a_stranger_to_the_log_in_as_a_whole(client):
    answer = client.get("/", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/accounts/login/"
