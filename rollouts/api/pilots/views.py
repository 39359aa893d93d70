"""Pilots: how one goes, who nominated what, nominate, withdraw, confirm, decline, comment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.rest.fields import OffsetDateTimeField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page
from portal.rest.references import ReferenceField
from portal.rest.schemas import list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.estate.hub_lists import BODIES, LISTS_DESCRIBED, MOST_GUIDS, guids_in, hub_list, listed_in
from rollouts.api.pilots import schemas as documents
from rollouts.api.refusals import NOT_OPEN
from rollouts.queries.pilots.pilots import pilot_hubs, pilot_progress, submissions

_COMMENT = "Everybody concerned reads it."


class NewSubmissionSerializer(StrictSerializer):
    """Hubs for the pilot: `guids`, or a saved version of a rule."""

    guids = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_GUIDS)
    rule_version_id = ReferenceField("selection_rule_version", required=False)
    activate_at = OffsetDateTimeField(
        required=False, allow_null=True, help_text="Null or left out: as soon as it can be."
    )


class SubmissionQuery(StrictSerializer):
    """What is said of the hubs in a CSV or NDJSON body; of a JSON body it may be said here or there."""

    activate_at = OffsetDateTimeField(required=False)


class NewConfirmationSerializer(StrictSerializer):
    """Nominations to confirm."""

    submission_ids = serializers.ListField(child=ReferenceField("submission"), min_length=1, max_length=1_000)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=4_000, help_text=_COMMENT)


class DecliningReasonSerializer(StrictSerializer):
    """The reason for declining a nomination."""

    comment = serializers.CharField(max_length=4_000, help_text="The Supplier reads it.")


class CommentarySerializer(StrictSerializer):
    """A comment on the pilot."""

    commentary = serializers.CharField(max_length=4_000, help_text=_COMMENT)


class PilotView(ResourceView):
    """The pilot of a rollout."""

    tag = "Pilots"
    needs = ApiScope.PILOTS_READ
    polled = True

    @operation("getPilot", "Read how the pilot goes", returns=schema_reference(documents.PilotSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Count how the pilot goes: your own hubs, or for the DCC all of them."""
        return Response(documents.pilot(rollout_id, pilot_progress(self.scope, rollout_id=rollout_id)))


class PilotHubListView(ResourceView):
    """The hubs of a pilot."""

    tag = "Pilots"
    needs = ApiScope.PILOTS_READ

    @operation(
        "listPilotHubs", "List pilot hubs", query=[PageQuery], returns=page_of(documents.PilotHubRowSchema)
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """List the hubs of the pilot with the outcome of each: your own, or for the DCC all of them."""
        query = self.validated_query(PageQuery)
        hubs = pilot_hubs(self.scope, rollout_id=rollout_id, after=query["after"], size=query["limit"])
        return Response(page(request, hubs.items, documents.pilot_hub, following=hubs.next))


class SubmissionListView(ResourceView):
    """The nominations for a pilot."""

    tag = "Pilots"
    needs: ClassVar[Any] = {"GET": ApiScope.PILOTS_READ, "POST": ApiScope.PILOTS_WRITE}
    parser_classes = BODIES
    polled = True

    @operation("listSubmissions", "List nominations", returns=list_of(documents.PilotSubmissionSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List the nominations for the pilot, the latest first: your own, or for the DCC all of them."""
        nominations = submissions(self.scope, rollout_id=rollout_id)
        return Response({"items": [documents.submission(nomination) for nomination in nominations]})

    @operation(
        "nominate",
        "Nominate hubs",
        status=201,
        query=[SubmissionQuery],
        body={
            "application/json": NewSubmissionSerializer,
            **LISTS_DESCRIBED,
        },
        example={"guids": ["00-DB-12-34-56-78-9A-BC"], "activate_at": "2027-01-10T02:00:00Z"},
        returns=schema_reference(documents.NominatedSchema),
        refuses=(
            "no_pilot",
            "OVER_PILOT_CAP",
            "nothing_nominated",
            "no_hubs",
            "instruction_refused",
            "AFTER_CUTOFF",
            "TIME_NOT_EARLIER",
            "TIME_PASSED",
            *NOT_OPEN,
            "unreadable_file",
            "bad_input",
        ),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Nominate hubs for the pilot, listed or chosen by a rule. Nothing moves before it is confirmed."""
        body = self._nomination(self.validated_query(SubmissionQuery))
        now = clock.now()
        done = services.submit_pilot(self.scope, rollout_id=rollout_id, received_at=now, now=now, **body)
        location = reverse("api:submissions", args=[rollout_id])
        return Response(documents.nominated(done), status=201, headers={"Location": location})

    def _nomination(self, query: Mapping[str, Any]) -> dict[str, Any]:
        if (listed := listed_in(self.request)) is not None:
            return {"source": listed, "activate_at": query.get("activate_at")}
        data: Any = self.request.data
        if isinstance(data, dict):
            data = self.body_with_query(data, query, as_in=NewSubmissionSerializer)
        guids = guids_in(data)
        read = NewSubmissionSerializer(data=data if guids is None else {**data, "guids": []})
        read.is_valid(raise_exception=True)
        body = {name: value for name, value in read.validated_data.items() if name != "guids"}
        if (guids is None) == ("rule_version_id" not in body):
            raise ValidationError("Give either guids or rule_version_id.")
        return body if guids is None else {**body, "source": hub_list(guids)}


class WithdrawalView(ResourceView):
    """Withdrawing a nomination."""

    tag = "Pilots"
    needs = ApiScope.PILOTS_WRITE

    @operation("withdrawSubmission", "Withdraw a nomination", status=204)
    def delete(self, request: Request, rollout_id: int, submission_id: int) -> Response:
        """Take back a nomination of yours that has not been decided."""
        check_is_of(self.scope, rollout_id, submission_id)
        services.withdraw_submission(self.scope, submission_id=submission_id, now=clock.now())
        return Response(status=204)


class ConfirmationsView(ResourceView):
    """Confirming nominations."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "confirmSubmissions",
        "Confirm nominations",
        body=NewConfirmationSerializer,
        example={"submission_ids": ["4F7QK2M9XT0BZ", "9V3DPEJ1C5W8H"], "comment": "Thank you."},
        returns=schema_reference(documents.ConfirmedSchema),
        refuses=(
            "no_pilot",
            "OVER_PILOT_CAP",
            *NOT_OPEN,
        ),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Confirm nominations within the pilot cap; second Suppliers are asked to answer."""
        body = self.validated_body(NewConfirmationSerializer)
        done = services.confirm_pilot(self.scope, rollout_id=rollout_id, now=clock.now(), **body)
        return Response(documents.confirmed(done))


class DecliningView(ResourceView):
    """Declining a nomination."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "declineSubmission",
        "Decline a nomination",
        status=204,
        body=DecliningReasonSerializer,
        example={"comment": "These hubs serve a hospital."},
        refuses=("bad_input",),
    )
    def post(self, request: Request, rollout_id: int, submission_id: int) -> Response:
        """Decline a nomination, and notify its Supplier of the reason."""
        comment = self.validated_body(DecliningReasonSerializer)["comment"]
        check_is_of(self.scope, rollout_id, submission_id)
        services.decline_submission(self.scope, submission_id=submission_id, comment=comment, now=clock.now())
        return Response(status=204)


class PilotCommentaryView(ResourceView):
    """Comments on a running pilot."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "commentOnPilot",
        "Comment on the pilot",
        status=204,
        body=CommentarySerializer,
        example={"commentary": "60 of 100 hubs have activated; no incident so far."},
        refuses=("step_refused", "bad_input"),
    )
    def post(self, request: Request, rollout_id: int) -> Response:
        """Publish a comment on the pilot to every party, each with its own numbers."""
        body = self.validated_body(CommentarySerializer)
        services.comment_on_pilot(self.scope, rollout_id=rollout_id, now=clock.now(), **body)
        return Response(status=204)


def check_is_of(scope: Scope, rollout_id: int, submission_id: int) -> None:
    """Check that a submission is of a rollout and the caller sees it.

    Raises:
        NotFound: it is not, or not for this organisation.
    """
    if all(nomination.id != submission_id for nomination in submissions(scope, rollout_id=rollout_id)):
        raise NotFound("There is no such nomination.")
