"""Incidents and decisions: raise one, follow it, move it on; and how rollouts go on."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar, Final

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.fields import EnumField, IdField, JsonObjectField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page
from portal.rest.responses import JsonRenderer
from portal.rest.schemas import list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.estate.hub_lists import guids_in, hub_list
from rollouts.api.governance import schemas as documents
from rollouts.queries.governance.decisions import decision_lines
from rollouts.queries.governance.incidents import incident_file, incident_hubs, incident_lines, incident_page
from rollouts.states.governing import HanImpact

_MOST: Final = 4_000
_LARGEST: Final = 14_000_000


class IncidentsQuery(PageQuery):
    """Which incidents."""

    rollout_id = IdField(required=False)
    is_open = serializers.BooleanField(required=False, allow_null=True, default=None)
    category = serializers.IntegerField(required=False, min_value=1, max_value=5)


class NewIncidentSerializer(StrictSerializer):
    """What is wrong, and with which hubs: `guids`, a `tree` of conditions, or a batch; or none."""

    category = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    han_impact = EnumField(HanImpact, required=False)
    han_devices = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000)
    service_desk_reference = serializers.CharField(required=False, allow_blank=True, max_length=40)
    guids = serializers.ListField(child=serializers.CharField(), required=False, max_length=1_000_000)
    tree = JsonObjectField(described_as="Criteria", required=False)
    batch_id = IdField(required=False)


class CommentSerializer(StrictSerializer):
    """A comment on the incident."""

    text = serializers.CharField(max_length=_MOST)
    is_internal = serializers.BooleanField(required=False, help_text="For the DCC and the Panel alone.")


class StepCommentSerializer(StrictSerializer):
    """The comment on a step."""

    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=_MOST)


class NewFileSerializer(StrictSerializer):
    """A file."""

    file_name = serializers.CharField(max_length=200)
    content = serializers.CharField(max_length=_LARGEST, help_text="In Base64.")


class DecisionsQuery(StrictSerializer):
    """Which decisions."""

    rollout_id = IdField(required=False)
    is_open = serializers.BooleanField(required=False, allow_null=True, default=None)


class IncidentListView(ResourceView):
    """Incidents."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ
    polled = True

    @operation(
        "listIncidents",
        "List incidents",
        query=[IncidentsQuery],
        returns=page_of(documents.IncidentRowSchema),
    )
    def get(self, request: Request) -> Response:
        """List the incidents you may know of, the newest first: a Supplier its own, the DCC all."""
        query = self.validated_query(IncidentsQuery)
        incidents = incident_lines(
            self.scope,
            rollout_id=query.get("rollout_id"),
            is_open=query["is_open"],
            category=query.get("category"),
            cursor=query["after"],
            size=query["limit"],
        )
        return Response(page(request, incidents.items, documents.incident_row, following=incidents.next))


class NewIncidentsView(ResourceView):
    """Where incidents against a rollout are raised."""

    tag = "Incidents"
    needs: ClassVar[Any] = {"POST": ApiScope.INCIDENTS_WRITE}

    @operation(
        "raiseIncident",
        "Raise an incident",
        status=201,
        body=NewIncidentSerializer,
        example={
            "category": 2,
            "title": "IHDs lose their connection",
            "han_impact": "SOME_DEVICES",
            "guids": ["00-DB-12-34-56-78-9A-BC"],
        },
        returns=schema_reference(documents.IncidentRaisedSchema),
        refuses=("bad_input", "invalid_criteria", "nothing_named"),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Raise an incident against a rollout, with hubs and what it means for devices in homes (R5.1)."""
        data: Any = request.data
        guids = guids_in(data)
        read = NewIncidentSerializer(data=data if guids is None else {**data, "guids": []})
        read.is_valid(raise_exception=True)
        body = {name: value for name, value in read.validated_data.items() if name != "guids"}
        chosen = {name: body.pop(name) for name in ("tree", "batch_id") if name in body}
        done = services.raise_incident(
            self.scope,
            rollout_id=rollout_id,
            account=services.IncidentAccount(**body),
            source=None if guids is None else hub_list(guids),
            now=clock.now(),
            **chosen,
        )
        location = reverse("api:incident", args=[done.incident_id])
        return Response(documents.raised(done), status=201, headers={"Location": location})


class IncidentDetailView(ResourceView):
    """One incident."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ
    polled = True

    @operation("getIncident", "Read an incident", returns=schema_reference(documents.IncidentSchema))
    def get(self, request: Request, incident_id: int) -> Response:
        """Read an incident with its story, its files and what you may do with it."""
        return Response(documents.incident(incident_page(self.scope, incident_id)))


class IncidentHubListView(ResourceView):
    """The hubs of an incident."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ

    @operation(
        "listIncidentHubs",
        "List hubs of an incident",
        query=[PageQuery],
        returns=page_of(documents.IncidentHubRowSchema),
        refuses=("bad_cursor",),
    )
    def get(self, request: Request, incident_id: int) -> Response:
        """List the hubs an incident names and where each stands, in GUID order."""
        query = self.validated_query(PageQuery)
        hubs = incident_hubs(self.scope, incident_id, cursor=query["after"], size=query["limit"])
        return Response(page(request, hubs.items, documents.incident_hub, following=hubs.next))


class IncidentCommentsView(ResourceView):
    """The comments on an incident."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_WRITE

    @operation(
        "commentOnIncident",
        "Comment on an incident",
        status=201,
        body=CommentSerializer,
        example={"text": "We see the same in the South."},
        returns=schema_reference(documents.IncidentSchema),
        refuses=("bad_input",),
    )
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """Comment on an incident; the raiser and the DCC are notified."""
        body = self.validated_body(CommentSerializer)
        services.comment_on_incident(self.scope, incident_id=incident_id, now=clock.now(), **body)
        return _made(self.scope, incident_id)


class IncidentFileListView(ResourceView):
    """The files of an incident."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_WRITE

    @operation(
        "attachToIncident",
        "Attach a file",
        status=201,
        body=NewFileSerializer,
        example={"file_name": "ihd.log", "content": "bG9n"},
        returns=schema_reference(documents.IncidentSchema),
        refuses=("attachment_refused",),
    )
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """Add a file to an incident."""
        body = self.validated_body(NewFileSerializer)
        try:
            content = base64.b64decode(body["content"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError({"content": ["This is not Base64."]}) from error
        uploads = [services.Upload(body["file_name"], content)]
        services.attach_to_incident(self.scope, incident_id=incident_id, uploads=uploads, now=clock.now())
        return _made(self.scope, incident_id)


class BytesRenderer(JsonRenderer):
    """`application/octet-stream`."""

    media_type = "application/octet-stream"
    format = "file"


class IncidentFileDetailView(ResourceView):
    """One file of an incident."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ
    renderer_classes = (BytesRenderer, JsonRenderer)

    @operation(
        "getIncidentFile",
        "Take a file of an incident",
        files={"*/*": "The file, under the type it was uploaded with."},
    )
    def get(self, request: Request, incident_id: int, file_id: int) -> HttpResponseBase:
        """Download a file of an incident."""
        attachment = incident_file(self.scope, incident_id, file_id)
        return HttpResponse(attachment.content, headers=dict(attachment.headers))


class IncidentStepsView(ResourceView):
    """A step of an incident."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_WRITE

    @operation(
        "takeIncidentStep",
        "Move an incident on",
        body=StepCommentSerializer,
        example={"comment": "Known issue: fixed by meter firmware 2.1."},
        returns=schema_reference(documents.IncidentSchema),
        refuses=("incident_step_refused", "bad_input"),
    )
    @idempotent
    def post(self, request: Request, incident_id: int, verb: str) -> Response:
        """Take a step that `steps` of the incident names, such as acknowledge, resolve, close or withdraw."""
        body = self.validated_body(StepCommentSerializer)
        services.take_incident_step(self.scope, incident_id=incident_id, verb=verb, now=clock.now(), **body)
        return Response(documents.incident(incident_page(self.scope, incident_id)))


class DecisionListView(ResourceView):
    """Decisions."""

    tag = "Decisions"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation(
        "listDecisions", "List decisions", query=[DecisionsQuery], returns=list_of(documents.DecisionSchema)
    )
    def get(self, request: Request) -> Response:
        """List how rollouts you know of go on, the newest first: proceed, pause, delay or stop, and why."""
        query = self.validated_query(DecisionsQuery)
        decisions = decision_lines(self.scope, rollout_id=query.get("rollout_id"), is_open=query["is_open"])
        return Response({"items": [documents.decision(line) for line in decisions]})


def _made(scope: Any, incident_id: int) -> Response:
    location = reverse("api:incident", args=[incident_id])
    shown = documents.incident(incident_page(scope, incident_id))
    return Response(shown, status=201, headers={"Location": location})
