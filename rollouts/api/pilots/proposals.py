"""Pilot hubs the DCC proposes: who has not nominated, reminders, proposals and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.versions import version_of
from portal.rest.fields import IdField, JsonObjectField, OffsetDateTimeField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page
from portal.rest.schemas import AllowedNames, Count, Example, GuidText, list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.enums import Id, RegionName, RoleName, Version
from rollouts.api.pilots.schemas import SUBMISSION_STATUSES
from rollouts.api.pilots.views import check_is_of
from rollouts.api.refusals import NOT_OPEN
from rollouts.api.rollouts.schemas import rollout as rollout_document
from rollouts.queries.pilots.proposals import (
    NominatingSupplier,
    ProposedHub,
    nominating_suppliers,
    proposal_card,
    proposed_hubs,
)
from rollouts.queries.rollouts.rollout import rollout_page

_CLOSED = (
    "no_pilot",
    "AFTER_CUTOFF",
    *NOT_OPEN,
)
_PROPOSAL = {
    "tree": {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]},
    "sample": {"size": 100, "strata": ["region", "version"], "seed": 7},
    "comment": "Nobody has nominated hubs in the North so far.",
}


class NominatingSupplierSchema(TypedDict):
    """A Supplier with hubs in a rollout, and whether it has named some for the pilot."""

    supplier_id: Id
    supplier: Annotated[str, Example("Brightwater Energy")]
    hubs: Count
    status: Annotated[str | None, AllowedNames(SUBMISSION_STATUSES), "Of its nomination that counts most."]
    named: Annotated[int, Example(100), "Hubs in its nominations of that status."]
    has_nominated: bool
    reminded_at: datetime | None


class RemindedSchema(TypedDict):
    """How many Suppliers were reminded."""

    suppliers: Count


class ProposedSchema(TypedDict):
    """A proposal as it was made."""

    id: Id
    asked: Annotated[int, Example(100), "Hubs about which Suppliers are asked."]
    suppliers: Annotated[int, Example(7), "Suppliers asked."]
    joined: Annotated[int, Example(0), "Hubs that needed nobody's answer, and joined at once."]
    score: float


class ProposedHubSchema(TypedDict):
    """A hub of yours that is proposed for the pilot."""

    guid: GuidText
    region: RegionName
    firmware_version: Version
    role: RoleName
    has_second_supplier: bool
    is_in_pilot: bool


class ProposalAnsweredSchema(TypedDict):
    """What your answer led to."""

    is_accepted: bool
    hubs: Count
    joined: Annotated[int, Example(60), "Hubs that joined the pilot group with this answer."]


class ReminderSerializer(StrictSerializer):
    """Whom to remind."""

    supplier_ids = serializers.ListField(
        child=IdField(),
        required=False,
        min_length=1,
        max_length=1_000,
        help_text="Left out: every Supplier that has not nominated.",
    )


class NewProposalSerializer(StrictSerializer):
    """How hubs are drawn, and of whom."""

    tree = JsonObjectField(described_as="Criteria", help_text="Conditions on hubs.")
    sample = JsonObjectField(described_as="Sample", required=False, allow_null=True)
    supplier_id = IdField(required=False, help_text="Left out: hubs of all Suppliers.")
    activate_at = OffsetDateTimeField(
        required=False,
        allow_null=True,
        help_text="Null or left out: in the next activation hours, once the image is on the hub.",
    )
    comment = serializers.CharField(
        required=False, allow_blank=True, max_length=4_000, help_text="The Suppliers asked read it."
    )


class PilotPlanSerializer(StrictSerializer):
    """When the pilot is planned to start, and to end."""

    starts_at = OffsetDateTimeField(allow_null=True)
    ends_at = OffsetDateTimeField(allow_null=True)


class ProposalAnswerSerializer(StrictSerializer):
    """One answer for all hubs proposed to you."""

    accepts = serializers.BooleanField()
    comment = serializers.CharField(
        required=False, allow_blank=True, max_length=4_000, help_text="DCC reads it."
    )


class PilotPlanView(ResourceView):
    """The planned dates of a pilot."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE
    versioned = True

    @operation(
        "planPilot",
        "Plan the dates of the pilot",
        status=204,
        body=PilotPlanSerializer,
        example={"starts_at": "2027-01-11T08:00:00Z", "ends_at": "2027-01-25T17:00:00Z"},
        refuses=("PILOT_DATES", *_CLOSED),
    )
    def put(self, request: Request, rollout_id: int) -> Response:
        """Set when the pilot is planned to start and to end; null is not planned. Everybody is notified.

        `If-Match` takes the `ETag` of the rollout.
        """
        body, now, expected = self.validated_body(PilotPlanSerializer), clock.now(), None
        if self.expected_version:
            page = rollout_page(self.scope, rollout_id, now=now)
            self.check_unchanged(rollout_document(page))
            expected = version_of({"starts_at": page.pilot_starts_at, "ends_at": page.pilot_ends_at})
        services.plan_pilot(self.scope, rollout_id=rollout_id, expected=expected, now=now, **body)
        return Response(status=204)


class NominatingSupplierListView(ResourceView):
    """Who has nominated hubs for a pilot."""

    tag = "Pilots"
    needs = ApiScope.PILOTS_READ
    polled = True

    @operation(
        "listNominatingSuppliers",
        "List who has nominated",
        returns=list_of(NominatingSupplierSchema),
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """List the Suppliers of a rollout, and which of them have named hubs for its pilot. For the DCC."""
        rows = nominating_suppliers(self.scope, rollout_id=rollout_id)
        return Response({"items": [_nominating_supplier(row) for row in rows]})


class ReminderListView(ResourceView):
    """Reminders to nominate."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "remindToNominate",
        "Remind Suppliers to nominate",
        body=ReminderSerializer,
        example={},
        returns=schema_reference(RemindedSchema),
        refuses=("nobody_to_remind", *_CLOSED),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Remind Suppliers that have not nominated, by notice and mail: each at most once a day."""
        body = self.validated_body(ReminderSerializer)
        done = services.remind_to_nominate(self.scope, rollout_id=rollout_id, now=clock.now(), **body)
        reminded: RemindedSchema = {"suppliers": done.suppliers}
        return Response(reminded)


class ProposalListView(ResourceView):
    """Proposals of pilot hubs."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "proposePilot",
        "Propose pilot hubs",
        status=201,
        body=NewProposalSerializer,
        example=_PROPOSAL,
        returns=schema_reference(ProposedSchema),
        refuses=(
            "OVER_PILOT_CAP",
            "nothing_proposed",
            "invalid_criteria",
            "TIME_NOT_EARLIER",
            "TIME_PASSED",
            *_CLOSED,
        ),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Draw hubs for the pilot, and ask their Suppliers.

        A hub joins once every Supplier responsible for it has accepted. Hubs that need nobody's answer join
        at once: those without a Supplier, and, where no time is left to answer, those nobody instructed.
        """
        body = self.validated_body(NewProposalSerializer)
        done = services.propose_pilot(self.scope, rollout_id=rollout_id, now=clock.now(), **body)
        proposed: ProposedSchema = {
            "id": done.proposal_id,
            "asked": done.asked,
            "suppliers": done.suppliers,
            "joined": done.joined,
            "score": done.score,
        }
        location = reverse("api:submissions", args=[rollout_id])
        return Response(proposed, status=201, headers={"Location": location})


class ProposalWithdrawalView(ResourceView):
    """Taking back what is proposed to a Supplier."""

    tag = "Pilots"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation("withdrawProposal", "Withdraw a proposal", status=204)
    def delete(self, request: Request, rollout_id: int, submission_id: int) -> Response:
        """Take back what is proposed to a Supplier and it has not answered; it is told.

        The id is that of its submission, of status `PROPOSED`.
        """
        check_is_of(self.scope, rollout_id, submission_id)
        services.withdraw_proposed(self.scope, submission_id=submission_id, now=clock.now())
        return Response(status=204)


class ProposedHubListView(ResourceView):
    """The hubs proposed to you."""

    tag = "Pilots"
    needs = ApiScope.PILOTS_READ

    @operation(
        "listProposedHubs", "List proposed hubs", query=[PageQuery], returns=page_of(ProposedHubSchema)
    )
    def get(self, request: Request, rollout_id: int, submission_id: int) -> Response:
        """List the hubs DCC proposes to you for the pilot, as far as they are still yours."""
        query = self.validated_query(PageQuery)
        hubs = proposed_hubs(
            self.scope,
            rollout_id=rollout_id,
            submission_id=submission_id,
            after=query["after"],
            size=query["limit"],
        )
        return Response(page(request, hubs.items, _proposed_hub, following=hubs.next))


class ProposalAnswerView(ResourceView):
    """Your answer to a proposal."""

    tag = "Pilots"
    needs = ApiScope.PILOTS_WRITE

    @operation(
        "answerProposal",
        "Answer a proposal",
        body=ProposalAnswerSerializer,
        example={"accepts": True},
        returns=schema_reference(ProposalAnsweredSchema),
        refuses=("OVER_PILOT_CAP", "TIME_NOT_EARLIER", "TIME_PASSED", *_CLOSED),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int, submission_id: int) -> Response:
        """Accept or decline the hubs DCC proposes to you, with one answer; accepting instructs them.

        A hub with a second Supplier joins the pilot once both have accepted.
        """
        body = self.validated_body(ProposalAnswerSerializer)
        proposal_card(self.scope, rollout_id=rollout_id, submission_id=submission_id)
        done = services.answer_proposal(self.scope, submission_id=submission_id, now=clock.now(), **body)
        answered: ProposalAnsweredSchema = {
            "is_accepted": done.is_accepted,
            "hubs": done.hubs,
            "joined": done.joined,
        }
        return Response(answered)


def _nominating_supplier(row: NominatingSupplier) -> NominatingSupplierSchema:
    return {
        "supplier_id": row.supplier_id,
        "supplier": row.supplier,
        "hubs": row.hubs,
        "status": row.status or None,
        "named": row.named,
        "has_nominated": row.has_nominated,
        "reminded_at": row.reminded_at,
    }


def _proposed_hub(hub: ProposedHub) -> ProposedHubSchema:
    return {
        "guid": hub.guid,
        "region": hub.region.name,
        "firmware_version": hub.version,
        "role": hub.role,
        "has_second_supplier": hub.has_second_supplier,
        "is_in_pilot": hub.is_in_pilot,
    }
