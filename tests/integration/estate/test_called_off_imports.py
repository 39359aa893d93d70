"""A file for the inventory is called off whole or taken whole, whatever comes first, and whoever dies meanwhile."""

from __future__ import annotations

from io import BytesIO

import pytest

from rollouts import services
from rollouts.models import EstateImport, Hub, ImportFile
from rollouts.states.inventory import FileKind
from tests.integration.dying import dying

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]

NEW = 0x00DB999900000000
HEADINGS = {
    FileKind.LOAD: "guid,model,firmware_version,region,smi_status",
    FileKind.STATUS_CHANGE: "guid,smi_status",
}


def content(world, kind):
    if kind == FileKind.LOAD:
        line = f"{NEW:016X},433100AC,0C220000,Central,Commissioned"
    else:
        line = f"{world.guid(0) + 2**63:016X},Suspended"
    return f"{HEADINGS[kind]}\n{line}\n".encode()


def begin(world, kind, now):
    source = BytesIO(content(world, kind))
    file = services.send_import(world.operator, kind=kind, source=source, file_name="a.csv", now=now)
    return file, services.claim_import(import_file_id=file.pk, at=now)


def inventory():
    return sorted(Hub.objects.values_list("guid", "smi_status"))


@pytest.mark.parametrize("kind", list(HEADINGS))
def test_a_file_called_off_before_it_is_in_leaves_nothing(world, now, kind):
    before = inventory()
    file, order = begin(world, kind, now)
    services.call_off_import(world.operator, import_file_id=file.pk, at=now)

    with pytest.raises(services.ImportSuperseded):
        services.read_import(order, source=BytesIO(content(world, kind)), now=now)

    assert inventory() == before
    assert not EstateImport.objects.exists()


@pytest.mark.parametrize("kind", list(HEADINGS))
def test_a_file_that_is_in_can_no_longer_be_called_off(world, now, kind):
    before = inventory()
    file, order = begin(world, kind, now)
    report = services.read_import(order, source=BytesIO(content(world, kind)), now=now)

    with pytest.raises(services.ImportNotHeld):
        services.call_off_import(world.operator, import_file_id=file.pk, at=now)
    services.finish_import(order, report, at=now)

    assert inventory() != before
    assert ImportFile.objects.get().status == "DONE"


@pytest.mark.parametrize("kind", list(HEADINGS))
def test_a_file_whose_reader_dies_at_any_statement_is_read_again_to_the_same_end(
    world, now, monkeypatch, kind
):
    _, order = begin(world, kind, now)
    before, at, is_done = inventory(), 0, False
    while not is_done:
        at += 1
        with dying(monkeypatch, at) as count:
            services.read_import(order, source=BytesIO(content(world, kind)), now=now)
        is_done = count[0] < at
        assert len(inventory()) in {len(before), len(before) + (kind == FileKind.LOAD)}

    assert at > 5
    assert inventory() != before
    assert services.measure_estate_drift() == 0
