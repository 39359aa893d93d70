"""Reviews and decisions: opened and recommended by the DCC, signed by people, with their evidence."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.fields import EnumField, JsonObjectField, OffsetDateTimeField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.responses import JsonRenderer
from portal.rest.schemas import schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.governance import decision_schemas as documents
from rollouts.queries.governance.decisions import after_halt, decision_page, needed_for
from rollouts.queries.governance.evidence import evidence_pack
from rollouts.states import ReviewOutcome
from rollouts.states.governing import SignOffVerdict

ZIP: Final = "application/zip"
_MOST: Final = 4_000
_VERSION_HELP: Final = "The wording you have read: refused if there is a newer one."


class ReviewInputSerializer(StrictSerializer):
    """Why a rollout is reviewed."""

    because = serializers.CharField(max_length=_MOST)


class RecommendationSerializer(StrictSerializer):
    """How the rollout is to go on."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text=_VERSION_HELP)
    outcome = EnumField(ReviewOutcome)
    reasons = serializers.CharField(max_length=_MOST)
    automatic_at = OffsetDateTimeField(
        required=False, allow_null=True, help_text="Of a delay: the new automatic time."
    )
    goes_on = serializers.BooleanField(required=False, help_text="Of a delay: does a halted rollout go on?")


class WithdrawalSerializer(StrictSerializer):
    """Why a recommendation is withdrawn."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text=_VERSION_HELP)
    why = serializers.CharField(max_length=_MOST)


class SignatureInputSerializer(StrictSerializer):
    """A person's signature on one version of a recommendation."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text=_VERSION_HELP)
    verdict = EnumField(SignOffVerdict)
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=_MOST)


class OutcomeQuery(StrictSerializer):
    """Of which outcome."""

    outcome = EnumField(ReviewOutcome)


class RequirementsInputSerializer(StrictSerializer):
    """Who is to sign from now on."""

    rows = serializers.ListField(
        child=JsonObjectField(),
        min_length=1,
        max_length=50,
        help_text="Each: `option`, `organisation` (its id), `role`, `number`, `outcomes` (none for all).",
    )
    reasons = serializers.CharField(max_length=_MOST)


class DecisionDetailView(ResourceView):
    """One decision."""

    tag = "Decisions"
    needs = ApiScope.DECISIONS_READ
    polled = True

    @operation("getDecision", "Read a decision", returns=schema_reference(documents.DecisionDetailSchema))
    def get(self, request: Request, decision_id: int) -> Response:
        """Read a decision with its evidence, its signatures, and those still needed."""
        return Response(documents.decision_detail(decision_page(self.scope, decision_id)))


class ReviewListView(ResourceView):
    """The reviews of a rollout."""

    tag = "Decisions"
    needs: ClassVar[Any] = {"POST": ApiScope.DECISIONS_WRITE}

    @operation(
        "openReview",
        "Open a review",
        status=201,
        body=ReviewInputSerializer,
        example={"because": "Failures of one meter model in the North."},
        returns=schema_reference(documents.DecisionDetailSchema),
        refuses=("step_refused", "bad_input"),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Begin a review of a rollout, running or halted; the one that is open is answered as it is."""
        because = self.validated_body(ReviewInputSerializer)["because"]
        made = services.open_review(self.scope, rollout_id=rollout_id, because=because, now=clock.now())
        location = reverse("api:decision", args=[made.pk])
        shown = documents.decision_detail(decision_page(self.scope, made.pk))
        return Response(shown, status=201, headers={"Location": location})


class RecommendationsView(ResourceView):
    """What the DCC recommends."""

    tag = "Decisions"
    needs: ClassVar[Any] = {"PUT": ApiScope.DECISIONS_WRITE}

    @operation(
        "recommend",
        "Recommend how a rollout goes on",
        body=RecommendationSerializer,
        example={"version": 1, "outcome": "PROCEED", "reasons": "The failures are of one meter model."},
        returns=schema_reference(documents.DecisionDetailSchema),
        refuses=(
            "decision_closed",
            "recommendation_changed",
            "DELAY_NOT_LATER",
            "FORWARD_NOT_EARLIER",
            "bad_input",
        ),
    )
    def put(self, request: Request, decision_id: int) -> Response:
        """Word the recommendation, or reword it.

        PROCEED resumes, PAUSE and STOP halt, DELAY and BRING_FORWARD move the automatic time. Sign-offs of an
        earlier wording are void. The last signature enacts it. What a system recommends, people of the DCC
        cannot sign until one of them has worded it: nobody signs their own words.
        """
        body = self.validated_body(RecommendationSerializer)
        body["outcome"] = body["outcome"].value
        services.recommend(self.scope, decision_id=decision_id, now=clock.now(), **body)
        return Response(documents.decision_detail(decision_page(self.scope, decision_id)))


class RecommendationWithdrawalsView(ResourceView):
    """Withdrawing a recommendation."""

    tag = "Decisions"
    needs: ClassVar[Any] = {"POST": ApiScope.DECISIONS_WRITE}

    @operation(
        "withdrawRecommendation",
        "Take a recommendation back",
        body=WithdrawalSerializer,
        example={"version": 2, "why": "New figures have come in."},
        returns=schema_reference(documents.DecisionDetailSchema),
        refuses=("decision_closed", "recommendation_changed", "bad_input"),
    )
    @idempotent
    def post(self, request: Request, decision_id: int) -> Response:
        """Take a recommendation back to the review; sign-offs given so far are void."""
        body = self.validated_body(WithdrawalSerializer)
        services.withdraw_recommendation(self.scope, decision_id=decision_id, now=clock.now(), **body)
        return Response(documents.decision_detail(decision_page(self.scope, decision_id)))


class SignaturesView(ResourceView):
    """Signing a decision."""

    tag = "Decisions"
    needs: ClassVar[Any] = {"POST": ApiScope.DECISIONS_WRITE}

    @operation(
        "signDecision",
        "Sign a decision",
        body=SignatureInputSerializer,
        example={"version": 2, "verdict": "APPROVE"},
        returns=schema_reference(documents.SignedSchema),
        refuses=(
            "decision_closed",
            "recommendation_changed",
            "sign_off_not_needed",
            "DELAY_NOT_LATER",
            "FORWARD_NOT_EARLIER",
            "bad_input",
        ),
    )
    @idempotent
    def post(self, request: Request, decision_id: int) -> Response:
        """Approve or reject one wording; the signature that completes what is needed enacts it.

        A person signs, under their own session: a system is answered 403. Once a decision that halts has been
        answered, nothing more of the rollout leaves.
        """
        body = self.validated_body(SignatureInputSerializer)
        body["verdict"] = body["verdict"].value
        done = services.sign_off(self.scope, decision_id=decision_id, now=clock.now(), **body)
        return Response(documents.signed(done))


class SignaturesNeededView(ResourceView):
    """Who must sign."""

    tag = "Decisions"
    needs: ClassVar[Any] = {"GET": ApiScope.DECISIONS_READ, "POST": ApiScope.DECISIONS_WRITE}
    polled = True

    @operation(
        "getSignaturesNeeded",
        "See who must sign",
        query=[OutcomeQuery],
        returns=schema_reference(documents.SignaturesNeededSchema),
        refuses=("not_found",),
    )
    def get(self, request: Request) -> Response:
        """Return who would have to sign an outcome; one of the options suffices."""
        outcome = self.validated_query(OutcomeQuery)["outcome"].value
        document: documents.SignaturesNeededSchema = {
            "outcome": outcome,
            "options": list(needed_for(self.scope, outcome)),
        }
        return Response(document)

    @operation(
        "proposeSignatures",
        "Propose who must sign",
        status=201,
        body=RequirementsInputSerializer,
        example={
            "rows": [{"option": 1, "organisation": 3, "role": "PANEL_MEMBER", "number": 2, "outcomes": []}],
            "reasons": "The sub-committee has been formed.",
        },
        returns=schema_reference(documents.DecisionDetailSchema),
        refuses=("bad_input",),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Propose who must sign from now on: in person, signed by the rows in force and the new ones."""
        body = self.validated_body(RequirementsInputSerializer)
        made = services.propose_requirements(self.scope, now=clock.now(), **body)
        location = reverse("api:decision", args=[made.pk])
        shown = documents.decision_detail(decision_page(self.scope, made.pk))
        return Response(shown, status=201, headers={"Location": location})


class AfterHaltView(ResourceView):
    """Hubs that activated after a halt."""

    tag = "Decisions"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation(
        "getAfterHalt", "See what a halt could not stop", returns=schema_reference(documents.AfterHaltSchema)
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """Count hubs that activated after a halt, and those being recalled: of a Supplier its own alone."""
        return Response(documents.after_halt(after_halt(self.scope, rollout_id=rollout_id)))


class ZipRenderer(JsonRenderer):
    """`application/zip`."""

    media_type = ZIP
    format = "zip"


class EvidenceFileView(ResourceView):
    """The evidence on a rollout."""

    tag = "Decisions"
    needs = ApiScope.DECISIONS_READ
    renderer_classes = (ZipRenderer, JsonRenderer)

    @operation(
        "getEvidence", "Take the evidence away", files={ZIP: "Report, data, decisions and the audit chain."}
    )
    def get(self, request: Request, rollout_id: int) -> HttpResponseBase:
        """Download all evidence on a rollout in one file with digests."""
        pack = evidence_pack(self.scope, rollout_id=rollout_id, now=clock.now())
        answer = HttpResponse(pack.content, content_type=pack.media_type)
        answer["Content-Disposition"] = f'attachment; filename="{pack.file_name}"'
        return answer
