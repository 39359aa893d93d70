"""The hubs of a rollout: the report of eligible hubs, and where each stands; by the page, or as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.identity.scope import Scope
from portal.kernel.paging import Page
from portal.kernel.spreadsheets import stream_csv
from portal.rest.fields import EnumField, IdField
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page, wanted_members
from portal.rest.responses import (
    CSV,
    NDJSON,
    XLSX,
    CsvRenderer,
    JsonRenderer,
    NdjsonRenderer,
    XlsxRenderer,
    file_response,
    ndjson,
)
from portal.rest.schemas import page_of
from portal.rest.views import ResourceView
from rollouts.api.estate import rollout_hub_schemas as documents
from rollouts.queries.rollouts.eligibility import (
    EligibleFilter,
    EligibleHub,
    eligible_csv,
    eligible_hubs,
    eligible_xlsx,
)
from rollouts.queries.rollouts.members import MemberFilter, every_member, members
from rollouts.states import Answer, FailureCode, Region, TargetState

_AT_A_TIME: Final = 1_000


class EligibleQuery(PageQuery):
    """Whose report."""

    supplier_id = IdField(
        required=False,
        help_text="For the DCC: whose report. A Supplier gets its own.",
    )
    region = EnumField(Region, required=False)
    answer = EnumField(Answer, required=False, help_text="The answer of whose report it is.")


class RolloutHubsQuery(PageQuery):
    """Which hubs."""

    state = EnumField(TargetState, required=False)
    region = EnumField(Region, required=False)
    reason = EnumField(FailureCode, required=False)
    batch_id = IdField(required=False)
    activates_from = serializers.DateField(
        required=False, help_text="The first day of activation, local time (Europe/London)."
    )
    activates_to = serializers.DateField(required=False, help_text="The last day of activation, local time.")

    @staticmethod
    def wanted(query: Mapping[str, Any]) -> MemberFilter:
        """Return the requested filter."""
        state = query.get("state")
        return MemberFilter(
            states=None if state is None else [state],
            batch_id=query.get("batch_id"),
            region=query.get("region"),
            code=query.get("reason"),
            activates_from=query.get("activates_from"),
            activates_to=query.get("activates_to"),
        )


class EligibleHubListView(ResourceView):
    """The report of a Supplier's eligible hubs."""

    tag = "Hubs of a rollout"
    needs = ApiScope.ESTATE_READ
    renderer_classes = (JsonRenderer, CsvRenderer, NdjsonRenderer, XlsxRenderer)

    @operation(
        "listEligibleHubs",
        "List eligible hubs",
        query=[EligibleQuery],
        returns=page_of(documents.EligibleHubRowSchema),
        files={CSV: "The whole report.", NDJSON: "The whole report, a hub a line.", XLSX: "A workbook."},
        refuses=("bad_input",),
    )
    def get(self, request: Request, rollout_id: int) -> HttpResponseBase:
        """List your hubs that the rollout is for, with your role for each, in GUID order (R1.3).

        As CSV, NDJSON or a workbook the whole report is streamed, whatever its length.
        """
        query = self.validated_query(EligibleQuery)
        whose: dict[str, Any] = {
            "rollout_id": rollout_id,
            "supplier_id": query.get("supplier_id"),
            "wanted": EligibleFilter(region=query.get("region"), answer=query.get("answer")),
        }
        name = f"rollout-{rollout_id}-eligible-hubs"
        return report(self.scope, request, whose, query, name=name)


def report(
    scope: Scope, request: Request, whose: Mapping[str, Any], query: Mapping[str, Any], *, name: str
) -> HttpResponseBase:
    """Answer with hubs of a Supplier in a rollout: by the page, or all of them as a file that is streamed."""
    match getattr(request, "accepted_renderer", None):
        case CsvRenderer():
            return file_response(eligible_csv(scope, **whose), kind=CSV, name=f"{name}.csv")
        case XlsxRenderer():
            return file_response(eligible_xlsx(scope, **whose), kind=XLSX, name=f"{name}.xlsx")
        case NdjsonRenderer():
            rows = _every(lambda after: eligible_hubs(scope, **whose, after=after, size=_AT_A_TIME))
            return file_response(
                ndjson(map(documents.eligible_hub, rows)), kind=NDJSON, name=f"{name}.ndjson"
            )
    wanted = wanted_members(query["fields"], documents.EligibleHubRowSchema)
    hubs = eligible_hubs(scope, **whose, after=query["after"], size=query["limit"])
    return Response(page(request, hubs.items, documents.eligible_hub, following=hubs.next, wanted=wanted))


class RolloutHubListView(ResourceView):
    """Where the hubs of a rollout stand."""

    tag = "Hubs of a rollout"
    needs = ApiScope.ESTATE_READ
    renderer_classes = (JsonRenderer, CsvRenderer, NdjsonRenderer)

    @operation(
        "listRolloutHubs",
        "List where hubs stand",
        query=[RolloutHubsQuery],
        returns=page_of(documents.RolloutHubRowSchema),
        files={CSV: "All of them, in columns.", NDJSON: "All of them, a line each."},
        refuses=("bad_input",),
    )
    def get(self, request: Request, rollout_id: int) -> HttpResponseBase:
        """List the hubs behind the counts of a rollout, in GUID order: your own, or for the DCC all."""
        query = self.validated_query(RolloutHubsQuery)
        filters = RolloutHubsQuery.wanted(query)
        form = getattr(request, "accepted_renderer", None)
        if isinstance(form, CsvRenderer | NdjsonRenderer):
            rows = map(documents.rollout_hub, every_member(self.scope, rollout_id, wanted=filters))
            return _file(rows, f"rollout-{rollout_id}-hubs", is_csv=isinstance(form, CsvRenderer))
        wanted = wanted_members(query["fields"], documents.RolloutHubRowSchema)
        hubs = members(self.scope, rollout_id, wanted=filters, cursor=query["after"], size=query["limit"])
        return Response(page(request, hubs.items, documents.rollout_hub, following=hubs.next, wanted=wanted))


def _file(rows: Iterator[Mapping[str, Any]], name: str, *, is_csv: bool) -> HttpResponseBase:
    if not is_csv:
        return file_response(ndjson(rows), kind=NDJSON, name=f"{name}.ndjson")
    header = tuple(documents.RolloutHubRowSchema.__annotations__)
    cells = (tuple(row.values()) for row in rows)
    return file_response(stream_csv(cells, header=header), kind=CSV, name=f"{name}.csv")


def _every(next_page: Callable[[str], Page[EligibleHub]]) -> Iterator[EligibleHub]:
    """Walk every page; the first is fetched at once, so that a refusal is still an answer."""
    first = next_page("")

    def rest(hubs: Page[EligibleHub]) -> Iterator[EligibleHub]:
        yield from hubs.items
        while hubs.next:
            hubs = next_page(hubs.next)
            yield from hubs.items

    return rest(first)
