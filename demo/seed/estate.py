"""The inventory of a demonstration: made by the simulator's generator, and written for its next start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import orjson

from portal.identity.models import MarketParticipant
from portal.kernel import sql
from portal.kernel.guid import guid_sql
from portal.kernel.statements import Sql
from rollouts.states import Region, SmiStatus


def reference(seed: int) -> dict[str, Any]:
    """Return the organisations, hub models and CPL that belong to a generated estate."""
    words = (sys.executable, "-m", "hubsim", "reference", f"--seed={seed}")
    written = subprocess.run(words, check=True, capture_output=True).stdout  # noqa: S603 - our own program
    document: dict[str, Any] = orjson.loads(written)
    return document


@contextmanager
def generated(*, hubs: int, seed: int) -> Iterator[IO[bytes]]:
    """Have the inventory file of a generated estate, as it is being written."""
    words = (sys.executable, "-m", "hubsim", "estate", f"--hubs={hubs}", f"--seed={seed}")
    with subprocess.Popen(words, stdout=subprocess.PIPE) as writer:  # noqa: S603 - our own program
        if writer.stdout is None:
            raise RuntimeError("The generator has no output.")
        yield writer.stdout


def write_inventory(path: Path) -> None:
    """Write every hub as it now stands, in the form the simulator reads.

    The simulator keeps all in memory: started from this file, its hubs run what the inventory says they do.
    """
    with path.open("wb") as file:
        for block in sql.copy_out(_inventory(), options="FORMAT csv, HEADER"):
            file.write(block)


def _named(column: str, words: dict[int, str]) -> str:
    cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in words.items())
    return f"CASE {column} {cases} ELSE '' END"


def _code(column: str, fuel: MarketParticipant.Fuel) -> str:
    return (
        "coalesce((SELECT min(p.code) FROM identity_marketparticipant AS p"  # noqa: S608 - our own words
        f" WHERE p.organisation_id = {column} AND p.fuel = '{fuel.value}'), '')"
    )


_STATUS_NAMES: Final = {status.value: status.message_name for status in SmiStatus}


def _inventory() -> Sql:
    region_names = {region.value: str(region.label) for region in Region}
    parts = {
        "guid": guid_sql("h.guid"),
        "gpf_guid": guid_sql("h.gpf_guid"),
        "region": _named("h.region", region_names),
        "smi_status": _named("h.smi_status", _STATUS_NAMES),
        "gpf_status": _named("h.gpf_status", _STATUS_NAMES),
        "import_mpid": _code("h.import_supplier_id", MarketParticipant.Fuel.ELECTRICITY),
        "gas_code": _code("h.gas_supplier_id", MarketParticipant.Fuel.GAS),
    }
    return sql.statement("demo", "inventory_lines", **{name: Sql(text) for name, text in parts.items()})
