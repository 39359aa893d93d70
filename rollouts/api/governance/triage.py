"""What the DCC makes of incidents: the board, merges, known issues."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.kernel.versions import version_of
from portal.rest.fields import EnumField, IdField, JsonObjectField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.references import ReferenceField
from portal.rest.schemas import list_of, schema_reference
from portal.rest.views import ResourceView, versioned_response
from rollouts import services
from rollouts.api.governance import schemas as governing
from rollouts.api.governance import watch_schemas as watching
from rollouts.queries.governance.incidents import incident_page, known_issues
from rollouts.queries.governance.triage import GroupBy, comparison, triage_board
from rollouts.reads.governance.edits import known_issue_values
from rollouts.states import FailureCode

_MOST: Final = 4_000


class BoardQuery(StrictSerializer):
    """How the board is grouped."""

    by = serializers.ChoiceField(choices=[each.value for each in GroupBy], required=False, default="region")


class IssuesQuery(StrictSerializer):
    """Whose known issues."""

    rollout_id = IdField(required=False)


class MergeInputSerializer(StrictSerializer):
    """The incident it is merged into."""

    into_id = ReferenceField("incident")


class ExplanationInputSerializer(StrictSerializer):
    """The known issue an incident is attributed to."""

    known_issue_id = IdField(allow_null=True, help_text="None takes the explanation back.")


class ServiceDeskInputSerializer(StrictSerializer):
    """The Service Desk's reference of an incident."""

    reference = serializers.CharField(allow_blank=True, max_length=40)


class KnownIssueInputSerializer(StrictSerializer):
    """A known issue: failures it explains by name, hubs by conditions, or both."""

    title = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=_MOST)
    failure_codes = serializers.ListField(child=EnumField(FailureCode), required=False, default=list)
    criteria = JsonObjectField(described_as="Criteria", required=False, allow_null=True, default=None)
    rollout_id = IdField(required=False, allow_null=True, default=None)
    is_active = serializers.BooleanField(required=False, default=True)

    def changes(self) -> dict[str, Any]:
        """Return what was said, failures by their numbers."""
        values = dict(self.validated_data)
        return {**values, "failure_codes": sorted({int(code) for code in values["failure_codes"]})}


class TriageBoardView(ResourceView):
    """The triage board of all open rollouts."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ
    polled = True

    @operation("getTriage", "Read the triage board", returns=list_of(watching.TriageRowSchema))
    def get(self, request: Request) -> Response:
        """Read what failed and what incidents name, by model, over all open rollouts; the worst first."""
        groups = triage_board(self.scope, now=clock.now())
        return Response({"items": [watching.triage_row(group) for group in groups]})


class RolloutTriageView(ResourceView):
    """The triage board of a rollout."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ
    polled = True

    @operation(
        "getTriageOfRollout",
        "Read the triage board of a rollout",
        query=[BoardQuery],
        returns=list_of(watching.TriageRowSchema),
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """Read what failed, what incidents name and what is explained, group by group; the worst first."""
        by = GroupBy(self.validated_query(BoardQuery)["by"])
        groups = triage_board(self.scope, rollout_id=rollout_id, by=by, now=clock.now())
        return Response({"items": [watching.triage_row(group) for group in groups]})


class ComparisonView(ResourceView):
    """Upgraded hubs compared with others."""

    tag = "Incidents"
    needs = ApiScope.INCIDENTS_READ
    polled = True

    @operation(
        "compareHubs",
        "Compare upgraded hubs with others",
        returns=schema_reference(watching.ComparisonSchema),
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """Compare upgraded hubs with hubs of the same model that are not, with 95 % intervals."""
        compared = comparison(self.scope, rollout_id=rollout_id, now=clock.now())
        return Response(watching.comparison(compared))


class IncidentMergeView(ResourceView):
    """Merging an incident into another one."""

    tag = "Incidents"
    needs: ClassVar[Any] = {"POST": ApiScope.INCIDENTS_WRITE}

    @operation(
        "mergeIncident",
        "Merge an incident",
        body=MergeInputSerializer,
        example={"into_id": "4F7QK2M9XT0BZ"},
        returns=schema_reference(governing.IncidentSchema),
        refuses=("incident_step_refused",),
    )
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """Merge an incident into another one of its rollout; its raiser is notified."""
        into_id = self.validated_body(MergeInputSerializer)["into_id"]
        services.merge_incident(self.scope, incident_id=incident_id, into_id=into_id, now=clock.now())
        return _shown(self, incident_id)


class IncidentExplanationView(ResourceView):
    """The known issue an incident is attributed to."""

    tag = "Incidents"
    needs: ClassVar[Any] = {"PUT": ApiScope.INCIDENTS_WRITE}
    versioned = True

    @operation(
        "explainIncident",
        "Put an incident down to a known issue",
        body=ExplanationInputSerializer,
        example={"known_issue_id": 17},
        returns=schema_reference(governing.IncidentSchema),
    )
    def put(self, request: Request, incident_id: int) -> Response:
        """Put an incident down to a known issue, or take that back.

        `If-Match` takes the `ETag` of the incident.
        """
        body = self.validated_body(ExplanationInputSerializer)
        expected = None
        if self.expected_version:
            expected = version_of({"known_issue_id": incident_page(self.scope, incident_id).known_issue_id})
            self.check_unchanged(governing.incident(incident_page(self.scope, incident_id)))
        services.explain_incident(
            self.scope, incident_id=incident_id, expected=expected, now=clock.now(), **body
        )
        return _shown(self, incident_id)


class ServiceDeskView(ResourceView):
    """The Service Desk's reference of an incident."""

    tag = "Incidents"
    needs: ClassVar[Any] = {"PUT": ApiScope.INCIDENTS_WRITE}
    versioned = True

    @operation(
        "setServiceDeskReference",
        "Note the Service Desk's reference",
        body=ServiceDeskInputSerializer,
        example={"reference": "SD-4711"},
        returns=schema_reference(governing.IncidentSchema),
        refuses=("bad_input",),
    )
    def put(self, request: Request, incident_id: int) -> Response:
        """Set the Service Desk's reference of an incident.

        `If-Match` takes the `ETag` of the incident.
        """
        body = self.validated_body(ServiceDeskInputSerializer)
        expected = None
        if self.expected_version:
            before = incident_page(self.scope, incident_id).line.service_desk_reference
            expected = version_of({"reference": before})
            self.check_unchanged(governing.incident(incident_page(self.scope, incident_id)))
        services.set_service_desk_reference(
            self.scope, incident_id=incident_id, expected=expected, now=clock.now(), **body
        )
        return _shown(self, incident_id)


class KnownIssueListView(ResourceView):
    """Known issues."""

    tag = "Incidents"
    needs: ClassVar[Any] = {"GET": ApiScope.INCIDENTS_READ, "POST": ApiScope.INCIDENTS_WRITE}
    polled = True

    @operation(
        "listKnownIssues",
        "List known issues",
        query=[IssuesQuery],
        returns=list_of(watching.KnownIssueSchema),
        refuses=("not_found",),
    )
    def get(self, request: Request) -> Response:
        """List known issues, for all rollouts or for one; for the DCC and the Panel."""
        issues = known_issues(self.scope, rollout_id=self.validated_query(IssuesQuery).get("rollout_id"))
        return Response({"items": [watching.known_issue(issue) for issue in issues]})

    @operation(
        "addKnownIssue",
        "Write a known issue down",
        status=201,
        body=KnownIssueInputSerializer,
        example={"title": "Hubs out of reach at night", "failure_codes": ["UNREACHABLE"]},
        returns=schema_reference(watching.KnownIssueSchema),
        refuses=("not_found", "bad_input", "invalid_criteria"),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Add a known issue: failures it explains are counted separately."""
        made = services.put_known_issue(self.scope, now=clock.now(), **_issue_said(request))
        location = reverse("api:known-issue", args=[made.pk])
        return Response(watching.known_issue(made), status=201, headers={"Location": location})


class KnownIssueDetailView(ResourceView):
    """One known issue."""

    tag = "Incidents"
    needs: ClassVar[Any] = {"GET": ApiScope.INCIDENTS_READ, "PUT": ApiScope.INCIDENTS_WRITE}
    versioned = True

    @operation("getKnownIssue", "Read a known issue", returns=schema_reference(watching.KnownIssueSchema))
    def get(self, request: Request, known_issue_id: int) -> Response:
        """Read a known issue; for the DCC and the Panel."""
        issue = next((each for each in known_issues(self.scope) if each.pk == known_issue_id), None)
        if issue is None:
            raise NotFound("There is no such known issue.")
        return versioned_response(watching.known_issue(issue), version_of(known_issue_values(issue)))

    @operation(
        "changeKnownIssue",
        "Change a known issue",
        body=KnownIssueInputSerializer,
        example={"title": "Hubs out of reach", "failure_codes": ["UNREACHABLE"], "is_active": False},
        returns=schema_reference(watching.KnownIssueSchema),
        refuses=("bad_input", "invalid_criteria"),
    )
    def put(self, request: Request, known_issue_id: int) -> Response:
        """Reword a known issue; its newest version counts, for failures of before too."""
        changed = services.put_known_issue(
            self.scope,
            issue_id=known_issue_id,
            expected=self.expected_version,
            now=clock.now(),
            **_issue_said(request),
        )
        return versioned_response(watching.known_issue(changed), version_of(known_issue_values(changed)))


def _issue_said(request: Request) -> dict[str, Any]:
    read = KnownIssueInputSerializer(data=request.data)
    read.is_valid(raise_exception=True)
    return read.changes()


def _shown(view: ResourceView, incident_id: int) -> Response:
    return Response(governing.incident(incident_page(view.scope, incident_id)))
