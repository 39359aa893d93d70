"""An estate as a file, in GUID order and constant memory, spelt by the column.

PostgreSQL hands over numbers, some ten thousand hubs at a time, packed as arrays; what they mean is looked up
once a combination. That is several times as fast as letting it spell and send every row by itself.
"""

from __future__ import annotations

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
from portal.kernel.statements import Sql
from rollouts.models import CplEntry, DeviceModel, Rollout
from rollouts.queries.estate.keyset import FIRST, ROLES, EstateSelection
from rollouts.queries.estate.spellings import CSV_LINES, Cells, FileSpelling
from rollouts.states import Consent, Region, SmiStatus, TargetState

Int64s: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.bytes_]

OWN_COLUMNS: Final = ("role", "has_second_supplier")
DCC_COLUMNS: Final = ("role", "import_supplier", "gas_supplier", "has_second_supplier")

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
    known = ("guid", "gpf_guid", "manufacturer", "model", "firmware_version", "region", "status")
    return (*known, *who, "commissioned_on", "rollout_id", "rollout_name", "state", "consent", "effective_at")


def extract(
    scope: Scope, selection: EstateSelection, places: Places, *, spelling: FileSpelling = CSV_LINES
) -> Iterator[bytes]:
    """Yield the file piece by piece, the heading first."""
    yield spelling.heading(columns_for(scope))
    tables = _Tables(scope, places, spelling)
    statement = sql.statement(
        "rollouts",
        "extract_chunk",
        kind=_KIND,
        who=_WHO_OF_DCC if scope.is_dcc else _WHO,
        walks=Sql(selection.union("ORDER BY guid")),
        condition=Sql(selection.condition),
    )
    low, high = selection.range
    params = {**selection.params, "first": max(low - 1, FIRST), "last": high + 1, "size": spelling.at_a_time}
    params["last"] = min(params["last"], (1 << 63) - 1)
    while True:
        guids, gpfs, kinds, who, days = sql.fetch_arrays(statement, params, ">i8", ">i8", ">i8", ">i8", ">i4")
        if len(guids):
            yield _spelt(tables, guids, gpfs, kinds, who, days)
        if len(guids) < spelling.at_a_time:
            return
        params["first"] = int(guids[-1])


def _spelt(tables: _Tables, guids: Int64s, gpfs: Int64s, kinds: Int64s, who: Int64s, days: Int64s) -> bytes:
    """Write rows as fields of fixed width, padded with NUL, and drop the padding."""
    spelling, has_none = tables.spelling, gpfs == FIRST
    members = {
        "kind": _spelling(kinds, tables.kind),
        "who": _spelling(who, tables.who),
        "day": _spelling(days, tables.day),
        "place": tables.places_of(guids),
    }
    layout = [("begin", f"S{len(spelling.begin) or 1}"), ("guid", f"S{_GUID + 1}")]
    layout += [("before", f"S{len(spelling.before_gpf) or 1}"), ("gpf", f"S{_GUID + 1}")]
    layout += [(name, texts.dtype.str) for name, (texts, _) in members.items()]
    rows = np.zeros(len(guids), dtype=[*layout, ("end", "S2")])
    rows["begin"], rows["before"], rows["end"] = spelling.begin, spelling.before_gpf, spelling.end
    rows["guid"] = np.frombuffer(format_block(guids, separator=spelling.after_guid), dtype=f"S{_GUID + 1}")
    rows["gpf"] = np.frombuffer(format_block(gpfs, separator=spelling.after_gpf), dtype=f"S{_GUID + 1}")
    rows["before"][has_none], rows["gpf"][has_none] = b"", spelling.no_gpf
    for name, (texts, places) in members.items():
        rows[name] = texts[places]
    padded = rows.tobytes()
    del rows  # of these three no more than two are held
    return padded.translate(None, b"\0")


def _spelling(values: Int64s, spell: Callable[[int], bytes]) -> tuple[Texts, Int64s]:
    """Spell each different value once, and say which each row has."""
    different, places = np.unique(values, return_inverse=True)
    return np.array([spell(value) for value in different.tolist()], dtype=np.bytes_), places


class _Tables:
    """What the numbers mean, as the tables have it when the file is begun."""

    def __init__(self, scope: Scope, places: Places, spelling: FileSpelling) -> None:
        self.spelling = spelling
        self._places = places
        self._models = {model.pk: model for model in DeviceModel.objects.all()}
        self._versions = dict(CplEntry.objects.values_list("pk", "firmware_version"))
        self._parties = dict(Organisation.objects.values_list("pk", "name")) if scope.is_dcc else {}
        self._is_dcc = scope.is_dcc
        self._rollouts = dict(Rollout.objects.filter(pk__in=places.rollouts).values_list("pk", "name"))

    def kind(self, packed: int) -> bytes:
        """Spell manufacturer, model, version, region and status."""
        entry, model = packed >> 28, self._models[packed >> 8 & 0xFFFFF]
        cells: Cells = [
            ("manufacturer", model.manufacturer),
            ("model", model.model),
            ("firmware_version", self._versions[entry]),
            ("region", Region(packed >> 4 & 0xF).name),
            ("status", SmiStatus(packed & 0xF).name),
        ]
        return self.spelling.members(cells)

    def who(self, packed: int) -> bytes:
        """Spell the viewer's role, or to the DCC the Suppliers; and whether there are two."""
        second = ("has_second_supplier", bool(packed & 1))
        if not self._is_dcc:
            return self.spelling.members([("role", ROLES_BY_NUMBER[packed >> 1]), second])
        imports, gas = packed >> 32, packed >> 1 & 0x7FFFFFFF
        suppliers = [("import_supplier", imports), ("gas_supplier", gas)]
        return self.spelling.members(
            [("role", ""), *((name, self._parties.get(each, "")) for name, each in suppliers), second]
        )

    def day(self, number: int) -> bytes:
        """Spell the day on which a hub was commissioned."""
        day = None if number == _NO_DAY else _FIRST_DAY + timedelta(days=number)
        return self.spelling.members([("commissioned_on", day)])

    def places_of(self, guids: Int64s) -> tuple[Texts, Int64s]:
        """Spell where each hub stands in the rollout that is upgrading it: the latest, were there two."""
        place = np.zeros(len(guids), dtype=np.int64)
        texts: list[bytes] = [self._place(None, None, None)]
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
        return np.array(texts, dtype=np.bytes_), place

    def _place(self, rollout_id: int | None, packed: int | None, seconds: int | None) -> bytes:
        cells: Cells = [
            ("rollout_id", rollout_id),
            ("rollout_name", None if rollout_id is None else self._rollouts[rollout_id]),
            ("state", None if packed is None else TargetState(packed & 0xFF).name),
            ("consent", None if packed is None else Consent(packed >> 8).name),
            ("effective_at", None if seconds is None else datetime.fromtimestamp(seconds, UTC)),
        ]
        return self.spelling.members(cells, is_last=True)

    def _targets(self, rollout_id: int, guids: Int64s) -> Any:
        params = {
            "rollout_id": rollout_id,
            "first": int(guids[0]),
            "last": int(guids[-1]),
            "stages": list(self._places.stages),
            "party": self._places.party,
        }
        return sql.fetch_arrays(sql.statement("rollouts", "extract_places"), params, ">i8", ">i2", ">i8")


ROLES_BY_NUMBER: Final = ("", *ROLES)
# In SQL these operators bind alike, from left to right.
_KIND: Final = Sql(
    "(c.cpl_entry_id::bigint << 28) | (c.device_model_id::bigint << 8) | (c.region::bigint << 4)"
    " | c.smi_status::bigint"
)
_WHO: Final = Sql(
    "(CASE c.role WHEN 'IMPORT' THEN 2 WHEN 'GAS' THEN 4 WHEN 'BOTH' THEN 6 ELSE 0 END"
    " + c.is_split::int)::bigint"
)
_WHO_OF_DCC: Final = Sql(
    "(coalesce(c.import_supplier_id, 0)::bigint << 32) | (coalesce(c.gas_supplier_id, 0)::bigint << 1)"
    " | c.is_split::int::bigint"
)
