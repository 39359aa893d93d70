"""Standing approvals: rules in versions, tried out on past and live rollouts, switched on and off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.references import reference_of
from portal.rest.fields import IdField, JsonObjectField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.references import Reference
from portal.rest.schemas import AllowedNames, Component, Count, Example, list_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.enums import Id
from rollouts.api.rules.schemas import SavedVersionSchema, saved_version
from rollouts.queries.rules.approvals import (
    ApprovalCard,
    RuleRun,
    RuleVersion,
    approval_rule,
    approval_rules,
    approval_versions,
    back_test_approval,
    dry_run_approval,
)
from rollouts.reads.rules.approvals import Approval, ApprovalForecast

_RELEASES = {"all": [{"field": "severity", "op": "in", "value": ["CRITICAL", "MAJOR"]}]}
_HUBS = {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]}
_TIME: dict[str, Any] = {"after": "notice", "days": 30}
_DOCUMENTS = {"release_tree": _RELEASES, "hub_tree": _HUBS, "time_policy": _TIME}


class ApprovalRuleVersionSchema(TypedDict):
    """What a rule says, in words and as documents."""

    version_id: Reference
    version: int
    created_at: datetime
    releases: Annotated[str, Example("severity is Critical or Major")]
    hubs: Annotated[str, Example("CSP region is North")]
    time: Annotated[str, Example("30 days after the notice")]
    release_tree: Annotated[dict[str, Any], Component("Criteria"), Example(_RELEASES)]
    hub_tree: Annotated[dict[str, Any], Component("Criteria"), Example(_HUBS)]
    time_policy: Annotated[dict[str, Any], Component("TimePolicy"), Example(_TIME)]


class ApprovalRunSchema(TypedDict):
    """That a rule was applied to a rollout, and what came of it."""

    rollout_id: Id
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    version: int
    ran_at: datetime
    outcome: Annotated[str, Example("APPROVED")]
    hubs: Count
    left_over: int
    instructions: Annotated[list[str], Example(["I-7K2M9QX4TB"])]


class ApprovalRuleSchema(TypedDict):
    """A standing approval: in the version that is on, else its latest."""

    id: Reference
    name: Annotated[str, Example("Critical ones in the North")]
    is_on: bool
    enabled_version: int | None
    enabled_at: datetime | None
    latest_version: int
    shown: ApprovalRuleVersionSchema
    runs: list[ApprovalRunSchema]


class ApprovalNightSchema(TypedDict):
    """How many hubs would activate when."""

    activate_at: datetime
    hubs: Count


class ApprovalForecastSchema(TypedDict):
    """What a rule does with one rollout, decided at one moment, or why it does nothing."""

    rollout_id: Id
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    decided_at: datetime
    outcome: Annotated[
        str, AllowedNames(["APPROVED", "NO_MATCH", "WAITING", "TOO_LATE", "NO_HUBS", "NO_NIGHT"])
    ]
    failing: Annotated[list[str], Example([]), "The conditions the release did not meet."]
    hubs: Count
    left_over: int
    nights: list[ApprovalNightSchema]


class ApprovalDocumentsSerializer(StrictSerializer):
    """Which releases, which hubs, when."""

    release_tree = JsonObjectField(described_as="Criteria", help_text="Conditions on the release.")
    hub_tree = JsonObjectField(described_as="Criteria", help_text="Conditions on hubs.")
    time_policy = JsonObjectField(
        described_as="TimePolicy",
        help_text="When they activate: days after notice or pilot, and windows.",
    )


class NewApprovalRuleSerializer(ApprovalDocumentsSerializer):
    """The same under a name."""

    name = serializers.CharField(max_length=80)
    made_from = IdField(required=False, help_text="The version you read.")


class VersionToEnableSerializer(StrictSerializer):
    """Which version is switched on."""

    version = IdField()


class ApprovalRuleListView(ResourceView):
    """Your standing approvals."""

    tag = "Approval rules"
    needs: ClassVar[Any] = {"GET": ApiScope.RULES_READ, "POST": ApiScope.RULES_WRITE}
    polled = True

    @operation("listApprovalRules", "List approval rules", returns=list_of(ApprovalRuleSchema))
    def get(self, request: Request) -> Response:
        """List your organisation's own rules by name, without their runs."""
        return Response({"items": [_rule(card) for card in approval_rules(self.scope)]})

    @operation(
        "saveApprovalRule",
        "Save an approval rule",
        status=201,
        body=NewApprovalRuleSerializer,
        example={"name": "Critical ones in the North", **_DOCUMENTS},
        returns=schema_reference(SavedVersionSchema),
        refuses=("invalid_criteria", "bad_input", "precondition_failed"),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Save a rule under a name. A version that is on stays on, until the new one is switched on.

        With `made_from`, the version you read, it is refused where there is a later one by now.
        """
        body = self.validated_body(NewApprovalRuleSerializer)
        expected = body.pop("made_from", None)
        version = services.save_approval_rule(self.scope, now=clock.now(), expected=expected, **body)
        return saved_version(version, kind="approval_rule", address="api:approval-rule")


class ApprovalRuleDetailView(ResourceView):
    """One standing approval."""

    tag = "Approval rules"
    needs: ClassVar[Any] = {"GET": ApiScope.RULES_READ, "DELETE": ApiScope.RULES_WRITE}
    polled = True

    @operation("getApprovalRule", "Read an approval rule", returns=schema_reference(ApprovalRuleSchema))
    def get(self, request: Request, rule_id: int) -> Response:
        """Read a rule with everything it has done."""
        return Response(_rule(approval_rule(self.scope, rule_id)))

    @operation("archiveApprovalRule", "Archive an approval rule", status=204)
    def delete(self, request: Request, rule_id: int) -> Response:
        """Switch a rule off and take it out of the lists; what it has instructed stands."""
        services.disable_approval_rule(self.scope, rule_id=rule_id, now=clock.now(), archive=True)
        return Response(status=204)


class ApprovalVersionListView(ResourceView):
    """The versions of a standing approval."""

    tag = "Approval rules"
    needs = ApiScope.RULES_READ
    polled = True

    @operation(
        "listApprovalRuleVersions",
        "List versions of an approval rule",
        returns=list_of(ApprovalRuleVersionSchema),
    )
    def get(self, request: Request, rule_id: int) -> Response:
        """List every version of a rule, the latest first."""
        versions = approval_versions(self.scope, rule_id)
        return Response({"items": [_version(version) for version in versions]})


class ApprovalEnablingView(ResourceView):
    """Switching a standing approval on and off."""

    tag = "Approval rules"
    needs = ApiScope.RULES_WRITE

    @operation(
        "enableApprovalRule",
        "Switch an approval rule on",
        body=VersionToEnableSerializer,
        example={"version": 2},
        returns=list_of(ApprovalForecastSchema),
    )
    @idempotent
    def post(self, request: Request, rule_id: int) -> Response:
        """Switch a version on, in place of any other of its rule; the answer says what it does next."""
        body = self.validated_body(VersionToEnableSerializer)
        ahead = services.enable_approval_rule(self.scope, rule_id=rule_id, now=clock.now(), **body)
        return Response(_forecasts(ahead))

    @operation("disableApprovalRule", "Switch an approval rule off", status=204)
    def delete(self, request: Request, rule_id: int) -> Response:
        """Switch a rule off; what it has instructed stands."""
        services.disable_approval_rule(self.scope, rule_id=rule_id, now=clock.now())
        return Response(status=204)


class DryRunView(ResourceView):
    """What a standing approval would do now."""

    tag = "Approval rules"
    needs = ApiScope.RULES_READ

    @operation(
        "dryRunApproval",
        "Try an approval on live rollouts",
        body=ApprovalDocumentsSerializer,
        example=_DOCUMENTS,
        returns=list_of(ApprovalForecastSchema),
        refuses=("invalid_criteria",),
    )
    def post(self, request: Request) -> Response:
        """Return what a rule would do at this moment with each live rollout, were it on. Changes nothing."""
        approval = Approval.read(**self.validated_body(ApprovalDocumentsSerializer))
        return Response(_forecasts(dry_run_approval(self.scope, approval, now=clock.now())))


class BackTestView(ResourceView):
    """What a standing approval would have done."""

    tag = "Approval rules"
    needs = ApiScope.RULES_READ

    @operation(
        "backTestApproval",
        "Try an approval on past rollouts",
        body=ApprovalDocumentsSerializer,
        example=_DOCUMENTS,
        returns=list_of(ApprovalForecastSchema),
        refuses=("invalid_criteria",),
    )
    def post(self, request: Request) -> Response:
        """Return what a rule would have done with the latest 20 rollouts, with what was known then."""
        approval = Approval.read(**self.validated_body(ApprovalDocumentsSerializer))
        return Response(_forecasts(back_test_approval(self.scope, approval, now=clock.now())))


def _forecasts(forecasts: Sequence[ApprovalForecast]) -> dict[str, list[ApprovalForecastSchema]]:
    return {
        "items": [
            {
                "rollout_id": each.rollout_id,
                "rollout_name": each.rollout_name,
                "decided_at": each.decided_at,
                "outcome": each.outcome,
                "failing": list(each.failing),
                "hubs": each.hubs,
                "left_over": each.left_over,
                "nights": [{"activate_at": night.at, "hubs": night.hubs} for night in each.nights],
            }
            for each in forecasts
        ]
    }


def _rule(card: ApprovalCard) -> ApprovalRuleSchema:
    return {
        "id": reference_of(card.id, "approval_rule"),
        "name": card.name,
        "is_on": card.is_on,
        "enabled_version": card.enabled_version,
        "enabled_at": card.enabled_at,
        "latest_version": card.latest_version,
        "shown": _version(card.shown),
        "runs": [_run(run) for run in card.runs],
    }


def _version(version: RuleVersion) -> ApprovalRuleVersionSchema:
    return {
        "version_id": reference_of(version.id, "approval_rule_version"),
        "version": version.version,
        "created_at": version.created_at,
        "releases": version.releases,
        "hubs": version.hubs,
        "time": version.time,
        "release_tree": version.release_tree,
        "hub_tree": version.hub_tree,
        "time_policy": version.time_policy,
    }


def _run(run: RuleRun) -> ApprovalRunSchema:
    return {
        "rollout_id": run.rollout_id,
        "rollout_name": run.rollout_name,
        "version": run.version,
        "ran_at": run.ran_at,
        "outcome": run.outcome,
        "hubs": run.hubs,
        "left_over": run.left_over,
        "instructions": list(run.instructions),
    }
