"""Which hubs an organisation may see, and how a list of them is walked.

# Note [Walking the estate]
A Supplier's hubs are two ordered walks of its own indexes (Import; Gas where the Import Supplier is another
Party), merged: a page costs the same at any depth. Conditions are judged along the way. After so many hubs
that did not meet them the walk gives up, and one scan of the whole table finds the next page instead: what is
rare takes a second among twenty million hubs, and is never missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from portal.identity.scope import Scope
from portal.kernel import paging, sql
from portal.kernel.marks import as_seen
from portal.kernel.refusals import BadInput, NotPermitted
from portal.kernel.statements import Sql
from rollouts.models import CplEntry, CspChannel
from rollouts.queries.estate.searching import ending_like, guids_like, is_ending
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.rules import firmware
from rollouts.states import Consent, Region, SmiStatus, TargetState

LONGEST_WALK: Final = 20_000
"""Hubs looked at before a walk gives up; some twenty milliseconds."""

ROLES: Final = ("IMPORT", "GAS", "BOTH")
FIRST, LAST = -(2**63), 2**63 - 1
NOTHING: Final = Sql("")


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateFilter:
    """Filter of hubs; an empty member does not filter. States and consents are those in the named rollout."""

    regions: Sequence[Region] = ()
    versions: Sequence[str] = ()
    device_model_ids: Sequence[int] = ()
    statuses: Sequence[SmiStatus] = ()
    roles: Sequence[str] = ()
    is_split: bool | None = None
    label: str = ""
    rollout_id: int | None = None
    states: Sequence[TargetState] = ()
    consents: Sequence[Consent] = ()
    search: str = ""

    @property
    def is_counted(self) -> bool:
        """Return whether the tally of the estate knows how many hubs these are."""
        return not (self.label or self.rollout_id or self.search)

    def document(self) -> dict[str, Any]:
        """Write the filter down, for a job that is done later."""
        return {
            field.name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
            for field in fields(self)
            if (value := getattr(self, field.name)) not in (None, "", (), [])
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> EstateFilter:
        """Read what `document` has written."""
        kinds = {"regions": Region, "statuses": SmiStatus, "states": TargetState, "consents": Consent}
        return cls(
            **{
                name: [kinds[name](each) for each in value] if name in kinds else value
                for name, value in document.items()
            }
        )


@dataclass(frozen=True, slots=True)
class EstateSelection:
    """What a scope and a filter come to in SQL: walks that never meet, a condition, and parameters."""

    walks: tuple[Sql, ...]
    condition: str
    params: dict[str, Any]
    names: Sql = NOTHING
    range: tuple[int, int] = (FIRST, LAST)

    def union(self, ending: str = "") -> str:
        """Write the walks as one."""
        return " UNION ALL ".join(f"SELECT * FROM ({walk.text} {ending}) AS one" for walk in self.walks)  # noqa: S608 - of statements

    def statement(self, name: str, order: str) -> Sql:
        """Return the statement of this name for it: `estate_walk`, `estate_reach` or `estate_scan`."""
        walks = self.union("" if name == "estate_scan" else f"ORDER BY guid {order} LIMIT %(bound)s")
        parts = {"walks": Sql(walks), "order": Sql(order)}
        if name != "estate_reach":
            parts |= {"condition": Sql(self.condition), "names": self.names}
        return sql.statement("rollouts", name, **parts)


def selection_of(scope: Scope, filters: EstateFilter) -> EstateSelection:
    """Decide which hubs an organisation may see, and which of them are asked for.

    Raises:
        NotPermitted: the Panel sees no single hubs.
        NotFound: the rollout to filter by is not there for this organisation.
        BadInput: a filter is malformed.
    """
    params: dict[str, Any] = {"party": scope.organisation_id}
    source, conditions = "walk_hubs", _conditions(filters, params)
    if filters.rollout_id is not None:
        visible_rollout(scope, filters.rollout_id)
        source = "walk_targets"
        params["rollout_id"] = filters.rollout_id
        conditions += [_LABELLED] if filters.label else []
    elif filters.states or filters.consents:
        raise BadInput("Choose the rollout in which hubs have this state.")
    elif filters.label:
        source = "walk_labelled"
    params["label"] = as_seen(filters.label)
    bounds = (FIRST, LAST)
    if is_ending(filters.search):
        params["ending"], params["mask"] = ending_like(filters.search)
        if source == "walk_hubs":
            source = "walk_ending"
        else:
            conditions.append("(w.guid & %(mask)s) = %(ending)s")
    elif filters.search.strip():
        bounds = guids_like(filters.search)
    return EstateSelection(
        walks=tuple(
            sql.statement(
                "rollouts", source, **_parts(ownership, scope, with_target=source == "walk_targets")
            )
            for ownership in _ownership(scope, params)
        ),
        condition=" AND ".join(conditions) or "true",
        params=params,
        names=sql.statement("rollouts", "supplier_names") if scope.is_dcc else NOTHING,
        range=bounds,
    )


def page_rows(
    selection: EstateSelection, *, place: int, is_back: bool, size: int, expected: Callable[[], int | None]
) -> list[Any]:
    """Return the next rows after a place, or before it: see Note [Walking the estate].

    `expected` says how many there are in all, where that is known: it spares a scan that finds nothing.
    """
    low, high = selection.range
    first, last = (FIRST, place) if is_back else (place, LAST)
    bounds = {"first": max(first, low - 1, FIRST), "last": min(last, high + 1, LAST)}
    params = {**selection.params, **bounds, "size": size, "bound": LONGEST_WALK}
    order = "DESC" if is_back else "ASC"
    rows = sql.rows(selection.statement("estate_walk", order), params)
    if len(rows) == size or selection.condition == "true":
        return rows
    seen_from_start = len(rows) if place == FIRST else 0
    reached = sql.rows(selection.statement("estate_reach", order), params)
    if not reached or expected() == seen_from_start:
        return rows
    params |= {"last" if is_back else "first": reached[0].guid, "size": size - len(rows)}
    return rows + sql.rows(selection.statement("estate_scan", order), params)


def entries_of(versions: Sequence[str]) -> list[int]:
    """Find the CPL entries of firmware versions in whatever spelling.

    Raises:
        BadInput: one is no version.
    """
    wanted = [firmware.normalise_version(text) for text in versions]
    return sorted(CplEntry.objects.filter(firmware_version__in=wanted).values_list("pk", flat=True))


def cursors_of(scope: Scope) -> paging.CursorKey:
    """Return the cursors of an organisation's view of the estate."""
    return paging.keyed("estate", scope.organisation_id)


def place_of(scope: Scope, cursor: str) -> tuple[bool, int]:
    """Return whether a cursor looks back, and the hub it starts from.

    Raises:
        BadCursor: it is not one of ours.
    """
    if not cursor:
        return False, FIRST
    direction, place = cursors_of(scope).decode(cursor, size=2)
    if direction not in {"a", "b"} or not isinstance(place, int) or not FIRST <= place <= LAST:
        raise paging.BadCursor("This page link is damaged. Start again from the first page.")
    return direction == "b", place


def _ownership(scope: Scope, params: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return SQL for the organisation's own hubs and targets, its role, and whether there is another."""
    if scope.is_supplier:
        return [
            (_AS_IMPORT, "t.import_supplier_id = %(party)s", _IMPORT_OR_BOTH, _SPLIT),
            (_AS_GAS, "t.gas_supplier_id = %(party)s", "'GAS'", "h.import_supplier_id IS NOT NULL"),
        ]
    if scope.is_dcc:
        return [("true", "true", "''", _SPLIT)]
    if scope.is_csp:
        served = CspChannel.objects.filter(csp_id=scope.organisation_id)
        params["served"] = sorted(served.values_list("region", flat=True))
        return [("h.region = ANY(%(served)s)", "t.region = ANY(%(served)s)", "''", "false")]
    raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")


def _conditions(filters: EstateFilter, params: dict[str, Any]) -> list[str]:
    conditions = []
    for name, column, values in (
        ("regions", "region", filters.regions),
        ("statuses", "smi_status", filters.statuses),
        ("models", "device_model_id", filters.device_model_ids),
        ("states", "state", filters.states),
        ("consents", "consent", filters.consents),
    ):
        if values:
            params[name] = [int(value) for value in values]
            conditions.append(f"w.{column} = ANY(%({name})s)")
    if filters.roles:
        if unknown := set(filters.roles) - set(ROLES):
            raise BadInput(f"A role is one of {', '.join(ROLES)}, not {', '.join(sorted(unknown))}.")
        params["roles"] = list(filters.roles)
        conditions.append("w.role = ANY(%(roles)s)")
    if filters.versions:
        params["entries"] = entries_of(filters.versions)
        conditions.append("w.cpl_entry_id = ANY(%(entries)s)")
    if filters.is_split is not None:
        conditions.append("w.is_split" if filters.is_split else "NOT w.is_split")
    return conditions


def _parts(ownership: tuple[str, str, str, str], scope: Scope, *, with_target: bool) -> dict[str, Sql]:
    own, target_own, role, split = ownership
    parts = {"own": own, "role": role, "split": split, "more": _OF_DCC if scope.is_dcc else ""}
    parts |= {"target_own": target_own} if with_target else {}
    return {name: Sql(text) for name, text in parts.items()}


_OF_DCC: Final = ", h.import_supplier_id, h.gas_supplier_id"
_AS_IMPORT: Final = "h.import_supplier_id = %(party)s"
_AS_GAS: Final = (
    "h.gas_supplier_id = %(party)s"
    " AND (h.import_supplier_id IS NULL OR NOT (h.gas_supplier_id = h.import_supplier_id))"
)
_IMPORT_OR_BOTH: Final = "CASE WHEN h.gas_supplier_id = %(party)s THEN 'BOTH' ELSE 'IMPORT' END"
_SPLIT: Final = "coalesce(h.gas_supplier_id <> h.import_supplier_id, false)"
_LABELLED: Final = (
    "EXISTS (SELECT FROM rollouts_hublabel AS tag WHERE tag.organisation_id = %(party)s"
    " AND tag.label = %(label)s AND tag.guid = w.guid)"
)
