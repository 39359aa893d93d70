"""Columns of the lists of hubs: which there are for whom, which are usual, and the form that chooses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.identity.models import OrganisationKind
from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.queries.estate.columns import chosen_columns
from rollouts.queries.estate.labels import label_names
from rollouts.web.guards import for_people, scope_of

K = OrganisationKind
_NARROW: Final = 9


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list beside the GUID: its name in addresses, its heading, and who has it."""

    name: str
    heading: str
    is_usual: bool = True
    kinds: frozenset[OrganisationKind] = frozenset(K)


_SUPPLIER: Final = frozenset({K.SUPPLIER})
_DCC: Final = frozenset({K.DCC})
TABLES: Final[Mapping[str, Sequence[ListColumn]]] = {
    "estate": (
        ListColumn("gpf", "Paired GPF", is_usual=False),
        ListColumn("model", "Hub model"),
        ListColumn("firmware", "Firmware"),
        ListColumn("region", "Region"),
        ListColumn("status", "SMI status"),
        ListColumn("commissioned", "Commissioned", is_usual=False),
        ListColumn("import", "Import Supplier", kinds=_DCC),
        ListColumn("gas", "Gas Supplier", kinds=_DCC),
        ListColumn("role", "Your role", kinds=_SUPPLIER),
        ListColumn("second", "Second Supplier", kinds=_SUPPLIER),
        ListColumn("labels", "Your labels", is_usual=False, kinds=_SUPPLIER),
        ListColumn("rollout", "Rollout under way"),
        ListColumn("state", "State"),
        ListColumn("activates", "Activates", is_usual=False),
    ),
    "rollout": (
        ListColumn("batch", "Batch"),
        ListColumn("region", "Region"),
        ListColumn("role", "Your role", is_usual=False, kinds=_SUPPLIER),
        ListColumn("mine", "Your answer", kinds=_SUPPLIER),
        ListColumn("second", "Second Supplier", kinds=_SUPPLIER),
        ListColumn("state", "State"),
        ListColumn("since", "Since"),
        ListColumn("consent", "Consent"),
        ListColumn("activates", "Activates"),
    ),
}


@dataclass(frozen=True, slots=True)
class TableView:
    """A list as one person sees it: all columns there are, and the names of those shown."""

    table: str
    columns: Sequence[ListColumn]
    shown: Collection[str]
    query: str
    rollout_id: int | None = None

    @property
    def css(self) -> str:
        """The classes of the table: its head stays in sight where the table is no wider than its frame."""
        return "hub-table hub-table--narrow" if len(self.shown) <= _NARROW else "hub-table"

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Each column with whether it is shown; for the form."""
        return [{"it": column, "is_shown": column.name in self.shown} for column in self.columns]


def table_view(scope: Scope, table: str, *, query: str, rollout_id: int | None = None) -> TableView:
    """Return a list's columns as this person has chosen them."""
    columns = [column for column in TABLES[table] if scope.kind in column.kinds]
    chosen = set(chosen_columns(scope, table))
    shown = {column.name for column in columns if (column.name in chosen if chosen else column.is_usual)}
    return TableView(table, columns, shown, query, rollout_id)


def is_descending(params: QueryDict) -> bool:
    """Return whether an address asks for the last GUIDs first."""
    return params.get("order") == "desc"


def selecting_context(scope: Scope, params: QueryDict, view: TableView, total: int | None) -> dict[str, Any]:
    """Return what a list of hubs needs to be sorted, and to have its hubs selected."""
    acts = acts_of(scope)
    turned = params.copy()
    turned.pop("order", None)
    if not is_descending(params):
        turned["order"] = "desc"
    return {
        "view": view,
        "order": "descending" if is_descending(params) else "ascending",
        "sort_url": f"?{turned.urlencode()}",
        "acts": acts,
        "can_act": any(acts.values()),
        "labels": label_names(scope) if acts["label"] else [],
        "match_words": "All that match" if total is None else f"All {count_of(total, 'hub')} that match",
    }


def acts_of(scope: Scope) -> dict[str, bool]:
    """Say what this person may do with selected hubs."""
    may_instruct = scope.is_supplier and scope.has(*MAY_INSTRUCT)
    may_act = scope.has(*MAY_INSTRUCT, *MAY_OPERATE)
    return {"instruct": may_instruct, "label": may_instruct, "incident": may_act, "read": may_act}


def list_url(table: str, rollout_id: int | None, query: str) -> str:
    """Return where a list stands, with its filters as an address says them.

    Raises:
        NotFound: there is no such list.
    """
    if table not in TABLES or (table == "rollout") == (rollout_id is None):
        raise NotFound("There is no such list.")
    url = reverse("rollouts:hubs", args=[rollout_id]) if rollout_id else reverse("rollouts:estate")
    params = QueryDict(query).urlencode()
    return f"{url}?{params}" if params else url


def rollout_in(text: str) -> int | None:
    """Read the number of a rollout; None where there is none."""
    return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 - what an integer holds


@require_POST
@for_people
def choose(request: PortalRequest) -> HttpResponse:
    """Keep which columns a person wants to see, and go back to the list."""
    scope, table = scope_of(request), request.POST.get("table", "")
    back = list_url(table, rollout_in(request.POST.get("rollout", "")), request.POST.get("query", ""))
    known = [column.name for column in TABLES[table] if scope.kind in column.kinds]
    wanted = set(request.POST.getlist("column"))
    is_usual = "usual" in request.POST
    services.choose_columns(
        scope, table=table, columns=[] if is_usual else [name for name in known if name in wanted]
    )
    return redirect(back)
