"""Batches of a rollout: parts of it with a time, a cut-off or a gate of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypedDict

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.rest.fields import JsonObjectField, OffsetDateTimeField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.schemas import AllowedNames, Count, Example, list_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.enums import HubsByRegion, Id, named
from rollouts.api.estate.hub_lists import MOST_GUIDS, hub_list
from rollouts.api.instructions.schemas import NotReadSchema, RejectionSchema, not_read, refused
from rollouts.api.rollouts.schemas import RolloutBatchSchema, batches
from rollouts.queries.rollouts.rollout import rollout_page

_SHOWN: Final = 1_000


class BatchCreatedSchema(TypedDict):
    """A batch as it was announced."""

    id: Id
    hubs: Count
    suppliers: Annotated[int, "How many Suppliers were told."]
    cutoff_at: datetime
    has_window: Annotated[bool, "Whether Suppliers may instruct until then."]
    rejected: Annotated[list[RejectionSchema], "Lines from which no hub could be read; the first 1,000."]
    not_read: list[NotReadSchema]


class NewBatchSerializer(StrictSerializer):
    """A part of the safe launch group, chosen by conditions or listed."""

    name = serializers.CharField(max_length=80)
    automatic_at = OffsetDateTimeField()
    tree = JsonObjectField(described_as="Criteria", required=False, help_text="Conditions on hubs.")
    guids = serializers.ListField(
        child=serializers.CharField(max_length=200, allow_blank=True), required=False, max_length=MOST_GUIDS
    )
    is_gated = serializers.BooleanField(required=False)


class BatchPreviewInputSerializer(StrictSerializer):
    """A batch as it might be formed."""

    automatic_at = OffsetDateTimeField()
    tree = JsonObjectField(described_as="Criteria", required=False, help_text="Conditions on hubs.")
    guids = serializers.ListField(
        child=serializers.CharField(max_length=200, allow_blank=True), required=False, max_length=MOST_GUIDS
    )


class BatchOutlookSchema(TypedDict):
    """What would come of forming a batch now."""

    cutoff_at: datetime
    has_window: Annotated[bool, "Whether Suppliers may instruct until then."]
    moves: Count
    suppliers: Annotated[int, "How many Suppliers would be told."]
    by_region: HubsByRegion
    by_batch: Annotated[dict[str, int], Example({"Safe launch group": 3310}), "From where they would move."]
    stays: Annotated[
        dict[str, int],
        AllowedNames(["PILOT", "ANSWERED", "SETTLED", "OUTSIDE"]),
        "Hubs that were chosen and would stay where they are, by why.",
    ]
    says: Annotated[str, "The conditions in words."]
    rejected: Annotated[list[RejectionSchema], "Lines from which no hub could be read; the first 1,000."]
    not_read: list[NotReadSchema]


class GateReasonSerializer(StrictSerializer):
    """Why a gate is opened."""

    reason = serializers.CharField(max_length=4_000)


class BatchListView(ResourceView):
    """The batches of a rollout."""

    tag = "Batches"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation("listBatches", "List batches", returns=list_of(RolloutBatchSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List the batches of the rollout's hubs, with their times and your own numbers."""
        return Response({"items": batches(rollout_page(self.scope, rollout_id, now=clock.now()))})

    @operation(
        "createBatch",
        "Form a batch",
        status=201,
        body=NewBatchSerializer,
        example={
            "name": "North first",
            "automatic_at": "2027-02-15T02:00:00Z",
            "tree": {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]},
        },
        returns=schema_reference(BatchCreatedSchema),
        refuses=(
            "step_refused",
            "nothing_to_move",
            "BATCH_TOO_LATE",
            "BATCH_WITHOUT_WINDOW",
            "AUTOMATIC_NOT_AHEAD",
            "invalid_criteria",
            "bad_input",
        ),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Return a part of the safe launch group an earlier automatic time; its Suppliers are told.

        Name either a `tree` of conditions or `guids`. Only hubs nobody has answered for move.
        """
        body = self.validated_body(NewBatchSerializer)
        guids = body.pop("guids", None)
        done = services.create_batch(
            self.scope,
            rollout_id=rollout_id,
            source=None if guids is None else hub_list(guids),
            now=clock.now(),
            **body,
        )
        made: BatchCreatedSchema = {
            "id": done.batch_id,
            "hubs": done.hubs,
            "suppliers": done.suppliers,
            "cutoff_at": done.cutoff_at,
            "has_window": done.has_window,
            "rejected": [refused(line) for line in done.rejected[:_SHOWN]],
            "not_read": not_read(done.not_read),
        }
        location = reverse("api:batches", args=[rollout_id])
        return Response(made, status=201, headers={"Location": location})


class BatchPreviewView(ResourceView):
    """A batch before it is formed."""

    tag = "Batches"
    needs: ClassVar[Any] = {"POST": ApiScope.ROLLOUTS_WRITE}

    @operation(
        "previewBatch",
        "See what forming a batch would do",
        body=BatchPreviewInputSerializer,
        example={
            "automatic_at": "2027-02-15T02:00:00Z",
            "tree": {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]},
        },
        returns=schema_reference(BatchOutlookSchema),
        refuses=(
            "step_refused",
            "BATCH_TOO_LATE",
            "BATCH_WITHOUT_WINDOW",
            "AUTOMATIC_NOT_AHEAD",
            "invalid_criteria",
            "bad_input",
        ),
    )
    def post(self, request: Request, rollout_id: int) -> Response:
        """Return how many hubs would move and which would stay, and change nothing."""
        body = self.validated_body(BatchPreviewInputSerializer)
        guids = body.pop("guids", None)
        forecast = services.foresee_batch(
            self.scope,
            rollout_id=rollout_id,
            source=None if guids is None else hub_list(guids),
            now=clock.now(),
            **body,
        )
        outlook: BatchOutlookSchema = {
            "cutoff_at": forecast.cutoff_at,
            "has_window": forecast.has_window,
            "moves": forecast.moves,
            "suppliers": forecast.suppliers,
            "by_region": named(forecast.by_region),
            "by_batch": dict(forecast.by_batch),
            "stays": dict(forecast.stays),
            "says": forecast.says,
            "rejected": [refused(line) for line in forecast.rejected[:_SHOWN]],
            "not_read": not_read(forecast.not_read),
        }
        return Response(outlook)


class OpenGateView(ResourceView):
    """The gate before a batch."""

    tag = "Batches"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "openGate",
        "Open the gate of a batch",
        body=GateReasonSerializer,
        example={"reason": "The first batch went well."},
        returns=schema_reference(RolloutBatchSchema),
        refuses=("step_refused", "bad_input"),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int, batch_id: int) -> Response:
        """Open the gate of a gated batch: from now on its hubs may be commanded."""
        reason = self.validated_body(GateReasonSerializer)["reason"]
        now = clock.now()
        if all(batch.id != batch_id for batch in rollout_page(self.scope, rollout_id, now=now).batches):
            raise NotFound("There is no such batch.")
        services.open_gate(self.scope, batch_id=batch_id, reason=reason, now=now)
        shown = batches(rollout_page(self.scope, rollout_id, now=now))
        return Response(next(batch for batch in shown if batch["id"] == batch_id))
