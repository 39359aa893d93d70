"""What the DCC monitors a rollout with: halt rules, and phases with their gates."""

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
from portal.rest.fields import EnumField, IdField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.schemas import list_of, schema_reference
from portal.rest.views import ResourceView, versioned_response
from rollouts import services
from rollouts.api.governance import watch_schemas as documents
from rollouts.queries.governance.decisions import halt_rules, halt_trips
from rollouts.queries.rollouts.phases import phases
from rollouts.reads.governance.edits import halt_rule_values
from rollouts.reads.rollouts.gates import gate_values
from rollouts.states import FailureCode
from rollouts.states.governing import HaltRuleKind

_MOST_HOURS: Final = 24 * 366
_MOST_HUBS: Final = 2**31 - 1


class HaltRuleInputSerializer(StrictSerializer):
    """The terms of a halt rule."""

    name = serializers.CharField(max_length=80)
    kind = EnumField(HaltRuleKind)
    failure_codes = serializers.ListField(child=EnumField(FailureCode), required=False, max_length=100)
    batch_id = IdField(required=False, allow_null=True, help_text="None for the whole rollout.")
    minimum_sample = serializers.IntegerField(min_value=1, max_value=_MOST_HUBS)
    lookback_hours = serializers.FloatField(min_value=0.01, max_value=_MOST_HOURS)
    threshold = serializers.FloatField(min_value=0, max_value=0.999999, help_text="A share, such as 0.02.")
    counts_known = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class GateInputSerializer(StrictSerializer):
    """What the batch before must come to."""

    success = serializers.FloatField(min_value=0.000001, max_value=1, help_text="Of the settled hubs.")
    settled = serializers.FloatField(required=False, min_value=0.000001, max_value=1)
    minimum = serializers.IntegerField(required=False, min_value=1, max_value=_MOST_HUBS)
    soak_hours = serializers.FloatField(min_value=0, max_value=24 * 90)


class HaltRuleListView(ResourceView):
    """The halt rules of a rollout."""

    tag = "Halt rules and phases"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation("listHaltRules", "List halt rules", returns=list_of(documents.HaltRuleSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List the rules that suspend the rollout, and what each sees now; for the DCC and the Panel."""
        rules = halt_rules(self.scope, rollout_id=rollout_id, now=clock.now())
        return Response({"items": [documents.halt_rule(line) for line in rules]})

    @operation(
        "addHaltRule",
        "Add a halt rule",
        status=201,
        body=HaltRuleInputSerializer,
        example={
            "name": "More than 2 % fail",
            "kind": "ANY",
            "minimum_sample": 200,
            "lookback_hours": 24,
            "threshold": 0.02,
        },
        returns=schema_reference(documents.HaltRuleTermsSchema),
        refuses=("step_refused", "bad_input"),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Add a rule: it suspends the rollout once the lower Wilson bound (95 %) is above its threshold."""
        terms = _terms(self.validated_body(HaltRuleInputSerializer))
        made = services.put_halt_rule(self.scope, rollout_id=rollout_id, now=clock.now(), **terms)
        location = reverse("api:halt-rule", args=[rollout_id, made.pk])
        return Response(documents.halt_terms(made), status=201, headers={"Location": location})


class HaltRuleDetailView(ResourceView):
    """One halt rule."""

    tag = "Halt rules and phases"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PATCH": ApiScope.ROLLOUTS_WRITE}
    versioned = True

    @operation("getHaltRule", "Read a halt rule", returns=schema_reference(documents.HaltRuleSchema))
    def get(self, request: Request, rollout_id: int, halt_rule_id: int) -> Response:
        """Read a halt rule with what it sees now. The `ETag` is that of its terms, for `If-Match`."""
        rules = halt_rules(self.scope, rollout_id=rollout_id, now=clock.now())
        line = next((line for line in rules if line.rule.pk == halt_rule_id), None)
        if line is None:
            raise NotFound("There is no such rule.")
        return versioned_response(documents.halt_rule(line), version_of(halt_rule_values(line.rule)))

    @operation(
        "changeHaltRule",
        "Change a halt rule",
        body=HaltRuleInputSerializer,
        example={"is_active": False},
        returns=schema_reference(documents.HaltRuleTermsSchema),
        refuses=("step_refused", "bad_input"),
    )
    def patch(self, request: Request, rollout_id: int, halt_rule_id: int) -> Response:
        """Change some terms of a halt rule, or switch it off and on; it is looked at from now on."""
        terms = _terms(self.validated_body(HaltRuleInputSerializer, is_partial=True))
        changed = services.put_halt_rule(
            self.scope,
            rollout_id=rollout_id,
            rule_id=halt_rule_id,
            expected=self.expected_version,
            now=clock.now(),
            **terms,
        )
        return versioned_response(documents.halt_terms(changed), version_of(halt_rule_values(changed)))


class HaltTripListView(ResourceView):
    """When halt rules tripped."""

    tag = "Halt rules and phases"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("listHaltTrips", "List trips of halt rules", returns=list_of(documents.HaltTripSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List when halt rules tripped and on which numbers, the newest first; for the DCC and the Panel."""
        trips = halt_trips(self.scope, rollout_id=rollout_id)
        return Response({"items": [documents.halt_trip(trip) for trip in trips]})


class PhasesView(ResourceView):
    """The phases of a rollout."""

    tag = "Halt rules and phases"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("listPhases", "List phases", returns=list_of(documents.PhaseSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List the batches in order, the gate before each, and how far the one before has come."""
        rollout_phases = phases(self.scope, rollout_id=rollout_id)
        return Response({"items": [documents.phase(each) for each in rollout_phases.items]})


class GateView(ResourceView):
    """The gate before a batch."""

    tag = "Halt rules and phases"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PUT": ApiScope.ROLLOUTS_WRITE}
    versioned = True

    @operation("getGate", "Read the gate before a batch", returns=schema_reference(documents.PhaseSchema))
    def get(self, request: Request, rollout_id: int, batch_id: int) -> Response:
        """Read a batch with its gate. The `ETag` is that of the gate, for `If-Match`."""
        return self._response(rollout_id, batch_id)

    @operation(
        "setGate",
        "Put a gate before a batch",
        body=GateInputSerializer,
        example={"success": 0.98, "settled": 0.95, "minimum": 200, "soak_hours": 72},
        returns=schema_reference(documents.PhaseSchema),
        refuses=("step_refused", "bad_input"),
    )
    def put(self, request: Request, rollout_id: int, batch_id: int) -> Response:
        """Let a batch open by itself, once the one before has succeeded and soaked; an open gate shuts."""
        body = self.validated_body(GateInputSerializer)
        self._response(rollout_id, batch_id)
        services.set_phase(
            self.scope, batch_id=batch_id, expected=self.expected_version, now=clock.now(), **body
        )
        return self._response(rollout_id, batch_id)

    def _response(self, rollout_id: int, batch_id: int) -> Response:
        items = phases(self.scope, rollout_id=rollout_id).items
        phase = next((each for each in items if each.id == batch_id), None)
        if phase is None:
            raise NotFound("There is no such batch.")
        version = version_of(gate_values(phase.gate, is_open=phase.is_open))
        return versioned_response(documents.phase(phase), version)


def _terms(body: dict[str, Any]) -> dict[str, Any]:
    """Return terms as the service stores them: a kind by its value, failures by their numbers."""
    terms = dict(body)
    if "kind" in terms:
        terms["kind"] = terms["kind"].value
    if "failure_codes" in terms:
        terms["failure_codes"] = sorted({int(code) for code in terms["failure_codes"]})
    return terms
