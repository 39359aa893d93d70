"""The estate: by the page, in numbers, as a file of any length; one hub; readings; labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypedDict

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.rest.fields import (
    CommaSeparatedField,
    EnumListField,
    IdField,
    StrictSerializer,
)
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page, wanted_members
from portal.rest.responses import CSV, NDJSON, CsvRenderer, JsonRenderer, NdjsonRenderer, file_response
from portal.rest.schemas import Count, Example, list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.estate import schemas as documents
from rollouts.api.estate.hub_lists import BODIES, LISTS_DESCRIBED, hub_list, listed_in
from rollouts.api.instructions.schemas import NotReadSchema, RejectionSchema, not_read, refused
from rollouts.queries.estate.estate import estate_counts, estate_page, export_estate
from rollouts.queries.estate.hubs import hub_card
from rollouts.queries.estate.keyset import ROLES, EstateFilter
from rollouts.queries.estate.labels import labels
from rollouts.queries.estate.spellings import CSV_LINES, JSON_LINES
from rollouts.services import MOST_READINGS
from rollouts.states import Consent, Region, SmiStatus, TargetState


class EstateFilterQuery(StrictSerializer):
    """Which hubs; several values of one kind stand between commas."""

    region = EnumListField(Region, required=False)
    status = EnumListField(SmiStatus, required=False)
    firmware_version = CommaSeparatedField(required=False, max_length=200)
    device_model_id = IdField(required=False)
    role = serializers.ChoiceField(choices=ROLES, required=False)
    has_second_supplier = serializers.BooleanField(required=False, allow_null=True, default=None)
    label = serializers.CharField(required=False, max_length=40)  # type: ignore[assignment]
    search = serializers.CharField(
        required=False,
        max_length=40,
        help_text="The beginning of a GUID; after `*` its ending, of four digits or more.",
    )
    rollout_id = IdField(required=False, help_text="Of this rollout; `state` and `consent` are those in it.")
    state = EnumListField(TargetState, required=False)
    consent = EnumListField(Consent, required=False)

    @staticmethod
    def wanted(query: Mapping[str, Any]) -> EstateFilter:
        """Return the requested filter."""
        versions = query.get("firmware_version", "")
        return EstateFilter(
            regions=query.get("region", ()),
            statuses=query.get("status", ()),
            versions=[text.strip() for text in versions.split(",") if text.strip()],
            device_model_ids=[query["device_model_id"]] if "device_model_id" in query else (),
            roles=[query["role"]] if "role" in query else (),
            is_split=query.get("has_second_supplier"),
            label=query.get("label", ""),
            search=query.get("search", ""),
            rollout_id=query.get("rollout_id"),
            states=query.get("state", ()),
            consents=query.get("consent", ()),
        )


class EstateQuery(EstateFilterQuery, PageQuery):
    """Which hubs, and which part of the list."""


class ReadingRequestedSchema(TypedDict):
    """The receipt of a request to read firmware versions; the answers come to your feed."""

    asked: Count
    requested: Count
    under_way: Annotated[int, "Of these a reading was asked for a moment ago."]
    not_yours: Annotated[int, "Not hubs of yours in the inventory."]


class LabelRowSchema(TypedDict):
    """A label of yours, and the number of your hubs that have it."""

    label: Annotated[str, Example("tower block")]
    hubs: Count


class LabelChangedSchema(TypedDict):
    """The result of a change of labels."""

    changed: Count
    unchanged: Count
    rejected: list[RejectionSchema]
    not_read: list[NotReadSchema]


class HubsToReadSerializer(StrictSerializer):
    """Hubs whose version is to be read."""

    guids = serializers.ListField(
        child=serializers.CharField(max_length=60), min_length=1, max_length=MOST_READINGS
    )


class HubsToLabelSerializer(StrictSerializer):
    """Hubs on which a label is put, or from which it is taken."""

    guids = serializers.ListField(child=serializers.CharField(max_length=200), max_length=100_000)


class EstateView(ResourceView):
    """The estate."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    renderer_classes = (JsonRenderer, CsvRenderer, NdjsonRenderer)

    @operation(
        "listEstate",
        "List the estate",
        query=[EstateQuery],
        returns=page_of(documents.EstateHubSchema),
        files={CSV: "The whole estate, or what is asked for.", NDJSON: "The same, a hub a line."},
        refuses=("bad_input", "not_found", "not_searchable", "bad_firmware_version"),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List your hubs in GUID order: by the page as JSON, or whole as CSV or NDJSON, millions of them.

        Files are streamed in constant memory, in no promised order; ask for gzip. Only pages take `limit`,
        `after` and `fields`.
        """
        query = self.validated_query(EstateQuery)
        filters = EstateQuery.wanted(query)
        form = getattr(request, "accepted_renderer", None)
        if isinstance(form, CsvRenderer | NdjsonRenderer):
            is_csv = isinstance(form, CsvRenderer)
            spelling = CSV_LINES if is_csv else JSON_LINES
            pieces = export_estate(self.scope, filters=filters, spelling=spelling)
            return file_response(
                pieces, kind=CSV if is_csv else NDJSON, name=f"estate.{'csv' if is_csv else 'ndjson'}"
            )
        wanted = wanted_members(query["fields"], documents.EstateHubSchema)
        hubs = estate_page(self.scope, filters=filters, cursor=query["after"], size=query["limit"])
        return Response(page(request, hubs.items, documents.estate_hub, following=hubs.next, wanted=wanted))


class EstateSummaryView(ResourceView):
    """The estate in numbers."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation(
        "getEstateSummary", "Count the estate", returns=schema_reference(documents.EstateSummarySchema)
    )
    def get(self, request: Request) -> Response:
        """Count your hubs by role, region, status and version, from the tallies."""
        return Response(documents.estate_summary(estate_counts(self.scope)))


class HubDetailView(ResourceView):
    """One hub."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation("getHub", "Read a hub", returns=schema_reference(documents.HubSchema))
    def get(self, request: Request, hub: Guid) -> Response:
        """Read what a hub is and where it stands, by its GUID or that of its GPF, in any spelling."""
        return Response(documents.hub(hub_card(self.scope, guid=str(hub), now=clock.now())))


class HubHistoryView(ResourceView):
    """What happened to a hub."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation("getHubHistory", "Read a hub's history", returns=schema_reference(documents.HubHistorySchema))
    def get(self, request: Request, hub: Guid) -> Response:
        """Read a hub's changes of version, status and Supplier, your entries about it, and its readings."""
        return Response(documents.hub_history(hub_card(self.scope, guid=str(hub), now=clock.now())))


class ReadingsView(ResourceView):
    """Reading firmware versions."""

    tag = "Estate"
    needs = ApiScope.INSTRUCTIONS_WRITE

    @operation(
        "requestReadings",
        "Have versions read",
        status=202,
        body=HubsToReadSerializer,
        example={"guids": ["00-DB-12-34-56-78-9A-BC"]},
        returns=schema_reference(ReadingRequestedSchema),
        refuses=("not_found", "malformed_id", "bad_input"),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have the firmware version of hubs read (SR 11.2), up to 10,000; the answers come to your feed."""
        guids = [Guid.parse(text).db for text in self.validated_body(HubsToReadSerializer)["guids"]]
        return self._request_readings(guids, now=clock.now())

    def _request_readings(self, guids: list[int], *, now: datetime) -> Response:
        done = services.request_read(self.scope, guids=guids, now=now)
        document: ReadingRequestedSchema = {
            "asked": done.asked,
            "requested": done.requested,
            "under_way": done.under_way,
            "not_yours": done.not_yours,
        }
        return Response(document, status=202, headers={"Location": "/api/v1/events"})


class DccReadingsView(ReadingsView):
    """Reading firmware versions, for the DCC."""

    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "requestReadingsOfAnyHub",
        "Have versions of any hub read",
        status=202,
        body=HubsToReadSerializer,
        example={"guids": ["00-DB-12-34-56-78-9A-BC"]},
        returns=schema_reference(ReadingRequestedSchema),
        refuses=("not_found", "malformed_id", "bad_input"),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have the firmware version of any hubs read, for the DCC; the answers come to its feed."""
        guids = [Guid.parse(text).db for text in self.validated_body(HubsToReadSerializer)["guids"]]
        return self._request_readings(guids, now=clock.now())


class LabelListView(ResourceView):
    """Your labels."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation("listLabels", "List labels", returns=list_of(LabelRowSchema))
    def get(self, request: Request) -> Response:
        """List your own labels and on how many of your hubs each stands; nobody else sees them."""
        rows: list[LabelRowSchema] = [{"label": each.label, "hubs": each.hubs} for each in labels(self.scope)]
        return Response({"items": rows})


class LabelDetailView(ResourceView):
    """One of your labels."""

    tag = "Estate"
    needs: ClassVar[Any] = {"POST": ApiScope.RULES_WRITE, "DELETE": ApiScope.RULES_WRITE}
    parser_classes = BODIES

    @operation(
        "labelHubs",
        "Label hubs",
        body={
            "application/json": HubsToLabelSerializer,
            **LISTS_DESCRIBED,
        },
        example={"guids": ["00-DB-12-34-56-78-9A-BC"]},
        returns=schema_reference(LabelChangedSchema),
        refuses=("bad_input", "unreadable_file"),
    )
    @idempotent
    def post(self, request: Request, label: str) -> Response:
        """Put a label on hubs of yours; again changes nothing. Rules may ask for labels."""
        listed = listed_in(request)
        hubs = listed if listed is not None else hub_list(self.validated_body(HubsToLabelSerializer)["guids"])
        done = services.add_label(self.scope, label=label, hubs=hubs)
        changed: LabelChangedSchema = {
            "changed": done.changed,
            "unchanged": done.unchanged,
            "rejected": [refused(line) for line in done.rejected],
            "not_read": not_read(done.not_read),
        }
        return Response(changed)

    @operation("removeLabel", "Take a label off", status=204, refuses=("bad_input",))
    def delete(self, request: Request, label: str) -> Response:
        """Take a label off all its hubs."""
        services.remove_label(self.scope, label=label)
        return Response(status=204)
