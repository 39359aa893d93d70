"""Steps: what a halt would touch, said in advance; and publish, pilot, suspend, resume, stop, revoke."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.versions import version_of
from portal.rest.fields import StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.schemas import schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.rollouts import operation_schemas as documents
from rollouts.api.rollouts.schemas import rollout as rollout_document
from rollouts.queries.governance.halts import halt_preview
from rollouts.queries.rollouts.drafts import draft_fields
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.services import HaltReport, PublishedNotice

_HALTING: Final = frozenset({"suspend", "revoke"})


class StepReasonSerializer(StrictSerializer):
    """Why a step is taken."""

    reason = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=4_000,
        help_text="Needed to halt, and to end, reopen, reject or skip a pilot: everybody concerned reads it.",
    )


class StepsView(ResourceView):
    """A step of a rollout."""

    tag = "Steps"
    needs = ApiScope.ROLLOUTS_WRITE
    versioned = True

    @operation(
        "takeStep",
        "Take a step",
        body=StepReasonSerializer,
        example={"reason": "HAN devices of model M restart after the new firmware."},
        returns=schema_reference(documents.StepTakenSchema),
        refuses=(
            "step_refused",
            "pilot_empty",
            "bad_input",
            "cannot_publish",
            "cpl_not_active",
            "smets1_out_of_scope",
            "no_upgrade_path",
            "release_note_missing",
            "nobody_eligible",
            "AUTOMATIC_TOO_LATE",
            "AUTOMATIC_NOT_AHEAD",
        ),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int, verb: str) -> Response:
        """Take a step of the table in `docs/reference/states.md`; 409 where there is none from here.

        Once a halt has answered, nothing more of the rollout leaves. Publishing (`notify`) makes a target of
        every eligible hub and tells every Supplier concerned. With `If-Match`
        (the `ETag` of the rollout) a step is taken only from what you read.
        """
        reason = self.validated_body(StepReasonSerializer)["reason"]
        now = clock.now()
        halted, published = None, None
        expected = None
        if self.expected_version:
            if verb == "notify":
                expected = version_of(draft_fields(self.scope, rollout_id))
            self.check_unchanged(rollout_document(rollout_page(self.scope, rollout_id, now=now)))
        done = _take(self.scope, rollout_id, verb, reason, expected=expected, now=now)
        if isinstance(done, HaltReport):
            halted = documents.halted(done)
        if isinstance(done, PublishedNotice):
            published = documents.published(done)
        status = rollout_page(self.scope, rollout_id, now=now).flight.status.value
        taken: documents.StepTakenSchema = {
            "rollout_id": rollout_id,
            "verb": verb,
            "status": status,
            "halted": halted,
            "published": published,
        }
        return Response(taken)


class HaltPreviewView(ResourceView):
    """What a halt would touch."""

    tag = "Steps"
    needs: ClassVar[Any] = ApiScope.ROLLOUTS_READ
    polled = True

    @operation(
        "previewHalt", "See what a halt would touch", returns=schema_reference(documents.HaltPreviewSchema)
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """Return how many hubs a halt would touch. Not for Suppliers."""
        counts = halt_preview(self.scope, rollout_id=rollout_id, now=clock.now())
        return Response(documents.halt_preview(counts))


def _take(
    scope: Scope, rollout_id: int, verb: str, reason: str, *, expected: str | None, now: datetime
) -> object:
    if verb == "notify":
        return services.notify_rollout(scope, rollout_id=rollout_id, expected=expected, now=now)
    if verb in _HALTING:
        return services.halt(scope, rollout_id=rollout_id, verb=verb, reason=reason, now=now)
    if verb == "start_pilot":
        return services.start_pilot(scope, rollout_id=rollout_id, now=now)
    return services.PILOT_STEPS[verb](scope, rollout_id=rollout_id, commentary=reason, now=now)
