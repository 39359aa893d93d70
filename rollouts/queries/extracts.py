"""An estate as a CSV file, in GUID order and constant memory, spelt by the column.

PostgreSQL hands over numbers, some ten thousand hubs at a time, packed as arrays; what they mean is looked up
once a combination. That is several times as fast as letting it spell and send every row by itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import format_block
from portal.kernel.spreadsheets import csv_safe
from rollouts.models import CplEntry, DeviceModel, Rollout
from rollouts.queries.walks import FIRST, ROLES, Selection
from rollouts.states import Region, SmiStatus, TargetState

Int64s: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.bytes_]

AT_A_TIME: Final = 40_000
OWN_COLUMNS: Final = ("role", "second_supplier")
DCC_COLUMNS: Final = ("import_supplier", "gas_supplier", "second_supplier")

_NO_DAY: Final = 0
_FIRST_DAY: Final = date(1970, 1, 1)
_GUID: Final = 23


@dataclass(frozen=True, slots=True)
class Places:
    """Which rollouts a file tells of, at which stages, and on whose behalf."""

    rollouts: Sequence[int]
    stages: Sequence[int]
    party: int | None


def columns_for(scope: Scope) -> tuple[str, ...]:
    """Name the columns of the file."""
    who = DCC_COLUMNS if scope.is_dcc else OWN_COLUMNS
    known = ("guid", "gpf_guid", "manufacturer", "model", "version", "region", "status")
    return (*known, *who, "commissioned_on", "rollout", "state", "effective_at")


def extract(scope: Scope, selection: Selection, places: Places) -> Iterator[bytes]:
    """Yield the file piece by piece, the heading first."""
    yield _line(columns_for(scope))
    tables = _Tables(scope, places)
    statement = (_CHUNK_OF_DCC if scope.is_dcc else _CHUNK).format(
        walks=selection.union("ORDER BY guid"), condition=selection.condition
    )
    low, high = selection.range
    params = {**selection.params, "first": max(low - 1, FIRST), "last": high + 1, "size": AT_A_TIME}
    params["last"] = min(params["last"], (1 << 63) - 1)
    while True:
        guids, gpfs, kinds, who, days = sql.packed(statement, params, ">i8", ">i8", ">i8", ">i8", ">i4")
        if len(guids):
            yield _spelt(tables, guids, gpfs, kinds, who, days)
        if len(guids) < AT_A_TIME:
            return
        params["first"] = int(guids[-1])


def _spelt(tables: _Tables, guids: Int64s, gpfs: Int64s, kinds: Int64s, who: Int64s, days: Int64s) -> bytes:
    """Write rows as fields of fixed width, padded with NUL, and drop the padding."""
    kind, party = _looked_up(kinds, tables.kind), _looked_up(who, tables.who)
    day, place = _looked_up(days, _day), tables.places_of(guids)
    layout = [("guid", f"S{_GUID + 1}"), ("gpf", f"S{_GUID}"), ("comma", "S1")]
    layout += [("kind", kind.dtype.str), ("who", party.dtype.str), ("day", day.dtype.str)]
    rows = np.zeros(len(guids), dtype=[*layout, ("place", place.dtype.str), ("end", "S2")])
    rows["guid"] = np.frombuffer(format_block(guids, separator=b","), dtype=f"S{_GUID + 1}")
    rows["gpf"] = np.frombuffer(format_block(gpfs), dtype=f"S{_GUID + 1}").astype(f"S{_GUID}")
    rows["gpf"][gpfs == FIRST] = b""
    rows["comma"], rows["end"] = b",", b"\r\n"
    rows["kind"], rows["who"], rows["day"], rows["place"] = kind, party, day, place
    return rows.tobytes().translate(None, b"\0")


def _looked_up(values: Int64s, spell: Callable[[int], Sequence[object]]) -> Texts:
    """Spell each different value once, with a comma behind."""
    different, places = np.unique(values, return_inverse=True)
    table = np.array([_line(spell(value), end=",") for value in different.tolist()], dtype=np.bytes_)
    texts: Texts = table[places]
    return texts


def _line(cells: Sequence[object], *, end: str = "\r\n") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=end).writerow([csv_safe(cell) for cell in cells])
    return buffer.getvalue().replace("\0", " ").encode()


def _day(number: int) -> tuple[str]:
    return ("" if number == _NO_DAY else (_FIRST_DAY + timedelta(days=number)).isoformat(),)


class _Tables:
    """What the numbers mean, as the tables have it when the file is begun."""

    def __init__(self, scope: Scope, places: Places) -> None:
        self._places = places
        self._models = {model.pk: model for model in DeviceModel.objects.all()}
        self._versions = dict(CplEntry.objects.values_list("pk", "firmware_version"))
        self._parties = dict(Organisation.objects.values_list("pk", "name")) if scope.is_dcc else {}
        self._is_dcc = scope.is_dcc
        self._rollouts = dict(Rollout.objects.filter(pk__in=places.rollouts).values_list("pk", "name"))

    def kind(self, packed: int) -> Sequence[object]:
        """Spell manufacturer, model, version, region and status."""
        entry, model = packed >> 28, self._models[packed >> 8 & 0xFFFFF]
        region, status = Region(packed >> 4 & 0xF), SmiStatus(packed & 0xF)
        return model.manufacturer, model.model, self._versions[entry], region.name, status.name

    def who(self, packed: int) -> Sequence[object]:
        """Spell the viewer's role, or to the DCC the Suppliers; and whether there are two."""
        has_second = "yes" if packed & 1 else "no"
        if not self._is_dcc:
            return (*ROLES_BY_NUMBER[packed >> 1], has_second)
        imports, gas = packed >> 32, packed >> 1 & 0x7FFFFFFF
        return self._parties.get(imports, ""), self._parties.get(gas, ""), has_second

    def places_of(self, guids: Int64s) -> Texts:
        """Spell where each hub stands in the rollout that is upgrading it: the latest, were there two."""
        place = np.zeros(len(guids), dtype=np.int64)
        texts: list[bytes] = [b",,"]
        for rollout_id in sorted(self._rollouts):
            held, states, times = self._targets(rollout_id, guids)
            if not len(held):
                continue
            at = np.minimum(np.searchsorted(guids, held), len(guids) - 1)
            known = guids[at] == held
            kinds = np.stack((states[known].astype(np.int64), times[known]))
            different, which = np.unique(kinds, axis=1, return_inverse=True)
            place[at[known]] = len(texts) + which.ravel()
            texts += [self._place(rollout_id, int(state), int(time)) for state, time in different.T]
        found: Texts = np.array(texts, dtype=np.bytes_)[place]
        return found

    def _place(self, rollout_id: int, state: int, seconds: int) -> bytes:
        effective_at = datetime.fromtimestamp(seconds, UTC)
        return _line([self._rollouts[rollout_id], TargetState(state).name, effective_at], end="")

    def _targets(self, rollout_id: int, guids: Int64s) -> Any:
        params = {
            "rollout_id": rollout_id,
            "first": int(guids[0]),
            "last": int(guids[-1]),
            "stages": list(self._places.stages),
            "party": self._places.party,
        }
        return sql.packed(sql.load("rollouts", "extract_places"), params, ">i8", ">i2", ">i8")


ROLES_BY_NUMBER: Final = (("",), *((role,) for role in ROLES))
# In SQL these operators bind alike, from left to right.
_KIND: Final = (
    "(c.cpl_entry_id::bigint << 28) | (c.device_model_id::bigint << 8) | (c.region::bigint << 4)"
    " | c.smi_status::bigint"
)
_WHO: Final = (
    "(CASE c.role WHEN 'IMPORT' THEN 2 WHEN 'GAS' THEN 4 WHEN 'BOTH' THEN 6 ELSE 0 END"
    " + c.is_split::int)::bigint"
)
_WHO_OF_DCC: Final = (
    "(coalesce(c.import_supplier_id, 0)::bigint << 32) | (coalesce(c.gas_supplier_id, 0)::bigint << 1)"
    " | c.is_split::int::bigint"
)


def _chunk(who: str) -> str:
    text = sql.load("rollouts", "extract_chunk")
    return text.replace("{kind}", _KIND).replace("{who}", who)


_CHUNK: Final = _chunk(_WHO)
_CHUNK_OF_DCC: Final = _chunk(_WHO_OF_DCC)
