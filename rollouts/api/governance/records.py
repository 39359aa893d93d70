"""Records: the audit trail, imports into the inventory, unmatched alerts, and saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, TypedDict

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.paging import keyed
from portal.kernel.references import reference_of
from portal.rest.fields import EnumField, IdField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, cursor_of, id_after, page
from portal.rest.references import Reference
from portal.rest.responses import CSV, CsvRenderer, JsonRenderer, file_response
from portal.rest.schemas import AllowedNames, Count, Example, list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.enums import Id
from rollouts.api.instructions.schemas import NotReadSchema, not_read
from rollouts.queries.estate.exports import saved_views
from rollouts.queries.estate.imports import ImportSummary, UnlistedModel, estate_imports, refused_lines_csv
from rollouts.queries.governance.audit import Fact, FactFilter, audit_trail, check_chain
from rollouts.states import UnmatchedReason
from rollouts.states.inventory import LineProblem

_MOST_NAMED = 1_000


class FactRowSchema(TypedDict):
    """One fact of the journal: what happened to what, by whom, when, and its place in the chain."""

    id: Annotated[int, Example(9001)]
    position: Annotated[int | None, "None until the sequencer has given it one.", Example(9000)]
    name: Annotated[str, Example("rollout.suspend")]
    subject: Annotated[str, Example("rollout:17")]
    organisation: Annotated[str, Example("DCC")]
    actor: Annotated[str, Example("Priya Shah")]
    at: datetime
    facts: dict[str, Any]
    hash: Annotated[str, "SHA-256, of this fact and the one before."]


class ChainCheckedSchema(TypedDict):
    """What came of computing the whole chain again."""

    is_intact: bool
    head: Annotated[int, Example(9001)]
    head_hash: str
    broken: Annotated[list[int], "Positions whose link does not fit.", Example([])]
    unsequenced: Count
    words: Annotated[str, Example("9,001 facts, all links fit.")]


class UnlistedModelSchema(TypedDict):
    """A hub model as a file spells it, and the firmware of it that the Central Products List lacks."""

    manufacturer: Annotated[str, Example("Calderbrook")]
    model: Annotated[str, Example("433100AD")]
    hardware_version: Annotated[str, Example("00AD")]
    model_id: Annotated[int | None, "Null where the list lacks the model itself."]
    firmware_versions: list[str]


class ImportRowSchema(TypedDict):
    """One file of the inventory, and what came of it."""

    id: Id
    kind: Annotated[str, Example("LOAD")]
    file_name: Annotated[str, Example("inventory-2027-03-15.csv")]
    received_at: datetime
    as_of: datetime | None
    lines: Count
    accepted: Count
    refused: Count
    refused_by_reason: Annotated[dict[str, int], AllowedNames(LineProblem)]
    unlisted: Annotated[
        list[UnlistedModelSchema],
        "Hub models and firmware the file names and the Central Products List lacks: the first 50.",
    ]
    summary: dict[str, int]
    not_read: list[NotReadSchema]


class ReviewedSchema(TypedDict):
    """How many alerts were marked."""

    reviewed: Count


class ViewRowSchema(TypedDict):
    """A view of the estate under a name: `query` is that of `GET /estate` on the page."""

    id: Reference
    name: Annotated[str, Example("North, single band")]
    query: Annotated[str, Example("region=NORTH")]
    owner: Annotated[str, Example("Alice")]
    created_at: datetime


class AuditQuery(PageQuery):
    """About what."""

    subject = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    name = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=100, help_text="How it begins."
    )
    actor = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=100, help_text="A part of who did it."
    )
    since = serializers.DateField(required=False, help_text="The first day, local time (Europe/London).")
    until = serializers.DateField(required=False, help_text="The last day, local time.")


class UnmatchedReviewInputSerializer(StrictSerializer):
    """Which alerts need nothing more, and why: those named, or all up to one."""

    note = serializers.CharField(max_length=2_000)
    alert_ids = serializers.ListField(child=IdField(), required=False, max_length=_MOST_NAMED)
    up_to = IdField(required=False, help_text="All up to this id.")
    why = EnumField(UnmatchedReason, required=False)
    csp_id = IdField(required=False)


class AuditView(ResourceView):
    """The audit trail."""

    tag = "Audit"
    needs = ApiScope.AUDIT_READ

    @operation("listFacts", "Read the audit trail", query=[AuditQuery], returns=page_of(FactRowSchema))
    def get(self, request: Request) -> Response:
        """List the facts of the journal, the newest first; about one subject, or of a kind, if asked."""
        query = self.validated_query(AuditQuery)
        facts = audit_trail(
            self.scope,
            wanted=FactFilter(
                subject=query["subject"],
                name=query["name"],
                actor=query["actor"],
                since=query.get("since"),
                until=query.get("until"),
            ),
            cursor=query["after"],
            size=query["limit"],
        )
        return Response(page(request, facts.items, _fact, following=facts.next))


class AuditChainView(ResourceView):
    """The chain of the audit trail."""

    tag = "Audit"
    needs = ApiScope.AUDIT_READ

    @operation("checkChain", "Check the audit chain", returns=schema_reference(ChainCheckedSchema))
    def get(self, request: Request) -> Response:
        """Verify the whole chain: each fact's hash covers the fact before it."""
        chain = check_chain(self.scope)
        document: ChainCheckedSchema = {
            "is_intact": chain.is_intact,
            "head": chain.head,
            "head_hash": chain.head_hash,
            "broken": list(chain.broken),
            "unsequenced": chain.unsequenced,
            "words": chain.words,
        }
        return Response(document)


class ImportListView(ResourceView):
    """Imports into the inventory."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ

    @operation("listImports", "List imports", query=[PageQuery], returns=page_of(ImportRowSchema))
    def get(self, request: Request) -> Response:
        """List the files read into the inventory, the latest first, with what was not taken and why."""
        query = self.validated_query(PageQuery)
        cursors = keyed("imports", self.scope.organisation_id)
        imports = estate_imports(self.scope, before=id_after(query["after"], of=cursors), size=query["limit"])
        return Response(page(request, imports.items, _import, following=cursor_of(imports.next, of=cursors)))


class RefusedLinesView(ResourceView):
    """The lines of an import that were not taken."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ
    renderer_classes = (CsvRenderer, JsonRenderer)

    @operation("getRefusedLines", "Take refused lines away", files={CSV: "To be corrected and sent again."})
    def get(self, request: Request, import_id: int) -> HttpResponseBase:
        """Download the lines of an import that were not taken, each with its reason."""
        pieces = refused_lines_csv(self.scope, import_id=import_id)
        return file_response(pieces, kind=CSV, name=f"import-{import_id}-refused.csv")


class UnmatchedReviewView(ResourceView):
    """Reviewing unmatched alerts."""

    tag = "Operations"
    needs: ClassVar[Any] = {"POST": ApiScope.CHANNELS_WRITE}

    @operation(
        "reviewUnmatchedAlerts",
        "Review unmatched alerts",
        body=UnmatchedReviewInputSerializer,
        example={"note": "Hubs of the trial, known to the CSP.", "alert_ids": [17]},
        returns=schema_reference(ReviewedSchema),
        refuses=("bad_input",),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Mark alerts as needing nothing more; one that has been reviewed keeps the words it has."""
        body = self.validated_body(UnmatchedReviewInputSerializer)
        why = body.pop("why", None)
        done = services.review_unmatched(self.scope, now=clock.now(), why=why.value if why else "", **body)
        reviewed: ReviewedSchema = {"reviewed": done}
        return Response(reviewed)


class EstateViewListView(ResourceView):
    """Views of the estate that people keep."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation("listEstateViews", "List views of the estate", returns=list_of(ViewRowSchema))
    def get(self, request: Request) -> Response:
        """List the filters people of your organisation keep under a name and share."""
        rows: list[ViewRowSchema] = [
            {
                "id": reference_of(view.id, "estate_view"),
                "name": view.name,
                "query": view.query,
                "owner": view.owner_name,
                "created_at": view.created_at,
            }
            for view in saved_views(self.scope)
        ]
        return Response({"items": rows})


def _fact(fact: Fact) -> FactRowSchema:
    return {
        "id": fact.id,
        "position": fact.position,
        "name": fact.name,
        "subject": fact.subject,
        "organisation": fact.organisation,
        "actor": fact.actor,
        "at": fact.at,
        "facts": dict(fact.facts),
        "hash": fact.hash,
    }


def _unlisted(model: UnlistedModel) -> UnlistedModelSchema:
    return {
        "manufacturer": model.manufacturer,
        "model": model.model,
        "hardware_version": model.hardware_version,
        "model_id": model.model_id,
        "firmware_versions": list(model.versions),
    }


def _import(summary: ImportSummary) -> ImportRowSchema:
    return {
        "id": summary.id,
        "kind": summary.kind,
        "file_name": summary.file_name,
        "received_at": summary.received_at,
        "as_of": summary.as_of,
        "lines": summary.lines,
        "accepted": summary.accepted,
        "refused": summary.refused,
        "refused_by_reason": {reason.name: n for reason, n in summary.refused_by_reason.items()},
        "unlisted": [_unlisted(each) for each in summary.unlisted],
        "summary": dict(summary.summary),
        "not_read": not_read(summary.not_read),
    }
