"""A Supplier's batches of a rollout: named, timed, counted, changed as a whole; and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.identity.roles import Role
from portal.kernel import sql
from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import Instruction
from rollouts.queries.instructions.choices import HubChoice, own_guids
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.factories import OrganisationFactory, UserFactory, make_rollout

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def rollout(world, today):
    return make_rollout(world, now=today)


def instruct(scope, world, rollout, today, *numbers: int, name: str = "", days: int = 30) -> Instruction:
    receipt = services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(n) for n in numbers]),
        activate_at=today + timedelta(days=days),
        received_at=today,
        name=name,
        now=today,
    )
    return Instruction.objects.get(reference=receipt.reference)


def url(rollout) -> str:
    return f"/rollouts/{rollout.pk}/batches/"


@pytest.mark.requirement("R3.7")
def test_batches_stand_with_name_time_and_hubs(world, rollout, seat, today):
    instruct(world.as_supplier, world, rollout, today, 0, 1, 2, name="North London")
    instruct(world.as_supplier, world, rollout, today, 3, 4, name="Leeds", days=40)

    page = seat("supplier").get(url(rollout)).content.decode()

    assert page.index("Leeds") < page.index("North London")
    assert "Safe launch group" in page
    assert "Count their hubs by state" in page
    assert f"/rollouts/{rollout.pk}/instruct/?source=mine" in page


@pytest.mark.requirement("R3.7")
def test_how_a_batch_stands_is_counted_when_that_is_asked(world, rollout, seat, today):
    first = instruct(world.as_supplier, world, rollout, today, 0, 1, 2, name="First")
    instruct(world.as_supplier, world, rollout, today, 2, 9, name="Second", days=40)

    answer = seat("supplier").get(f"{url(rollout)}?counted=yes")

    counts = {row["it"].name: row["counts_for"] for row in answer.context["own"]}
    assert counts == {"Second": 2, "First": 2}
    assert first.accepted == 3


def test_the_second_suppliers_batches_are_nowhere(world, rollout, seat, today):
    theirs = instruct(world.as_other, world, rollout, today, 9, 16, name="Fernhill first")

    page = seat("supplier").get(f"{url(rollout)}?counted=yes").content.decode()

    assert "Fernhill" not in page
    assert theirs.reference not in page
    assert "You have formed no batch yet" in page
    chosen = own_guids(
        world.as_supplier, rollout_id=rollout.pk, which=HubChoice.ANSWERED, instruction_id=theirs.pk
    )
    assert len(chosen) == 0
    offered = seat("supplier").get(f"/rollouts/{rollout.pk}/instruct/").content.decode()
    assert "Fernhill first" not in offered


@pytest.mark.requirement("R3.7")
def test_a_batch_is_given_another_time_as_a_whole(world, rollout, seat, today):
    batch = instruct(world.as_supplier, world, rollout, today, 0, 1, 9, name="North London")
    instruct(world.as_supplier, world, rollout, today, 3, name="Apart")
    client = seat("supplier")
    requested = client.get(
        f"/rollouts/{rollout.pk}/instruct/?source=mine&mine={reference_of(batch.pk, 'instruction')}"
    ).content.decode()
    assert f'<option value="{reference_of(batch.pk, "instruction")}" selected>' in requested

    at = (today + timedelta(days=50)).strftime("%d/%m/%Y %H:%M")
    checked = client.post(
        f"/rollouts/{rollout.pk}/instruct/",
        {
            "kind": "INSTRUCT",
            "source": "mine",
            "mine": reference_of(batch.pk, "instruction"),
            "activate_at": at,
        },
    )
    assert checked.context["forecast"].accepted == 3
    client.post(f"/rollouts/{rollout.pk}/instruct/submit/", {"token": checked.context["token"]})

    moved = sql.rows(
        "SELECT count(*) AS n FROM rollouts_target WHERE rollout_id = %(id)s AND import_time > %(late)s",
        {"id": rollout.pk, "late": today + timedelta(days=45)},
    )
    assert moved[0].n == 3


def test_choosing_a_batch_needs_one(world, rollout, seat):
    answer = seat("supplier").post(
        f"/rollouts/{rollout.pk}/instruct/", {"kind": "WITHDRAW", "source": "mine"}
    )

    assert answer.status_code == 422
    assert b"Choose one of your batches" in answer.content


def test_somebody_elses_batch_cannot_be_chosen(world, rollout, seat, today):
    theirs = instruct(world.as_other, world, rollout, today, 9)

    answer = seat("supplier").post(
        f"/rollouts/{rollout.pk}/instruct/",
        {"kind": "WITHDRAW", "source": "mine", "mine": reference_of(theirs.pk, "instruction")},
    )

    assert answer.status_code == 422


def test_after_the_cutoff_nothing_is_offered(world, seat, today):
    rollout = make_rollout(world, now=today - timedelta(days=100), automatic_at=today + timedelta(days=10))

    page = seat("supplier").get(url(rollout)).content.decode()

    assert "Instructions are no longer taken" in page
    assert "Form a batch" not in page


def test_a_viewer_looks_and_forms_none(world, rollout, client, today):
    instruct(world.as_supplier, world, rollout, today, 0, name="North London")
    client.force_login(UserFactory(organisation=world.supplier, roles=[Role.SUPPLIER_VIEWER.value]))

    page = client.get(url(rollout)).content.decode()

    assert "North London" in page
    assert "New time" not in page


@pytest.mark.parametrize(
    ("actor", "status"), [("operator", 302), ("panel", 302), ("csp", 403), ("third", 200)]
)
def test_others_have_their_own_page_or_none(world, rollout, seat, actor, status):
    assert seat(actor).get(url(rollout)).status_code == status


def test_a_supplier_without_hubs_in_it_does_not_find_it(world, rollout, client):
    client.force_login(UserFactory(organisation=OrganisationFactory(name="Nowhere Energy")))

    assert client.get(url(rollout)).status_code == 404


def test_the_page_costs_the_same_for_many_batches(world, rollout, seat, today, statements):
    instruct(world.as_supplier, world, rollout, today, 0)
    client = seat("supplier")
    client.get(url(rollout))
    few = statements(client, url(rollout))
    for number in range(1, 6):
        instruct(world.as_supplier, world, rollout, today, number)

    assert statements(client, url(rollout)) == few == 12
    assert statements(client, f"{url(rollout)}?counted=yes") == few + 2
