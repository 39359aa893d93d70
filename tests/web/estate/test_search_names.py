"""Instructions are found by their names, and hubs by how the GUID of their GPF begins."""

from __future__ import annotations

import pytest

from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts.models import Hub, Instruction
from tests.factories import make_rollout
from tests.web.instructing import check, submit, token_in

pytestmark = pytest.mark.django_db


def page_for(client, text):
    return client.get("/search/", {"q": text}, headers={"HX-Request": "true"}).content.decode()


@pytest.fixture
def gpf(world):
    """The GUID of the GPF of a hub that is the Supplier's, unlike that of any other."""
    own = int("4455667700000003", 16) - 2**63
    sql.run(
        "UPDATE rollouts_hub SET gpf_guid = %(gpf)s WHERE guid = %(guid)s",
        {"gpf": own, "guid": world.guid(3)},
    )
    return str(Guid.from_db(own))


@pytest.mark.parametrize("digits", [8, 11, 15])
def test_a_hub_is_found_by_how_its_gpf_begins(world, seat, gpf, digits):
    beginning = gpf.replace("-", "")[:digits]
    hub = str(Guid.from_db(world.guid(3)))

    for actor in ("supplier", "operator"):
        page = page_for(seat(actor), beginning)
        assert f'href="/hubs/{hub}/"' in page
        assert gpf in page
    for actor in ("other", "third", "csp", "panel"):
        assert hub not in page_for(seat(actor), beginning), actor


def test_a_short_beginning_is_none_of_a_gpf(world, seat, gpf):
    assert gpf not in page_for(seat("supplier"), gpf.replace("-", "")[:7])


def test_a_hub_that_was_lost_is_not_found_by_its_gpf(world, seat, gpf):
    Hub.objects.filter(guid=world.guid(3)).update(
        import_supplier_id=world.other.pk, gas_supplier_id=world.other.pk
    )

    assert gpf not in page_for(seat("supplier"), gpf.replace("-", "")[:10])


def test_an_instruction_is_found_by_its_name(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    submit(client, rollout, token_in(check(client, rollout)))
    instruction = Instruction.objects.get()
    Instruction.objects.update(name="Winter wave, north")

    assert f"/instructions/{instruction.reference}/" in page_for(client, "winter wave")
    for actor in ("other", "operator"):
        assert instruction.reference not in page_for(seat(actor), "winter wave"), actor
