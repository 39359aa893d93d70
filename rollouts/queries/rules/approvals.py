"""Standing approvals of a Supplier: its rules, what they did, and what they would do or would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound, NotPermitted
from rollouts.models import ApprovalRule, ApprovalRuleVersion, ApprovalRun, Rollout
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.reads.rules.approvals import Approval, ApprovalForecast, back_test, forecast, snapshot_at
from rollouts.rules.criteria import explain, explain_policy
from rollouts.states import RUNNING_STATUSES

TESTED: Final = 20


@dataclass(frozen=True, slots=True)
class RuleRun:
    """That a rule was applied to a rollout, and what came of it."""

    rollout_id: int
    rollout_name: str
    version: int
    ran_at: datetime
    outcome: str
    hubs: int
    left_over: int
    instructions: Sequence[str]


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What a rule says, or said, in words and as documents a form can edit."""

    id: int
    version: int
    created_at: datetime
    releases: str
    hubs: str
    time: str
    release_tree: Any
    hub_tree: Any
    time_policy: Any


@dataclass(frozen=True, slots=True)
class ApprovalCard:
    """One rule, in the version that is on, else its latest."""

    id: int
    name: str
    latest_version: int
    enabled_version: int | None
    enabled_at: datetime | None
    shown: RuleVersion
    runs: Sequence[RuleRun] = ()

    @property
    def is_on(self) -> bool:
        """Return whether the portal applies the rule."""
        return self.enabled_version is not None


def approval_rules(scope: Scope) -> Sequence[ApprovalCard]:
    """List the Supplier's rules by name, archived ones left out."""
    own_rules = ApprovalRule.objects.filter(organisation_id=scope.organisation_id, archived_at=None)
    rules = list(own_rules.order_by("name"))
    versions = {
        (version.rule_id, version.version): version
        for version in ApprovalRuleVersion.objects.filter(rule__in=rules)
    }
    return [_card(rule, versions[rule.pk, rule.enabled_version or rule.latest_version]) for rule in rules]


def approval_rule(scope: Scope, rule_id: int, *, version: int | None = None) -> ApprovalCard:
    """Return one rule with its runs; in the version named, else the one that is on, else the latest.

    Raises:
        NotFound: there is no such rule or version of this organisation.
    """
    rule = ApprovalRule.objects.filter(organisation_id=scope.organisation_id, pk=rule_id).first()
    if rule is None:
        raise NotFound("There is no such rule.")
    number = version or rule.enabled_version or rule.latest_version
    chosen = rule.versions.filter(version=number).first()
    if chosen is None:
        raise NotFound("There is no such version of this rule.")
    return _card(rule, chosen, runs=_runs(rule))


def approval_versions(scope: Scope, rule_id: int) -> Sequence[RuleVersion]:
    """List every version of a rule, the latest first.

    Raises:
        NotFound: there is no such rule of this organisation.
    """
    approval_rule(scope, rule_id)
    versions = ApprovalRuleVersion.objects.filter(rule_id=rule_id).order_by("-version")
    return [_version(version) for version in versions]


def dry_run_approval(scope: Scope, approval: Approval, *, now: datetime) -> Sequence[ApprovalForecast]:
    """Return what an approval would do at this moment with each live rollout, were it switched on.

    Raises:
        NotPermitted: not a Supplier.
    """
    rollouts = _rollouts(scope).filter(status__in=RUNNING_STATUSES)
    return [
        forecast(scope.organisation_id, rollout, approval, known=snapshot_at(rollout, now))
        for rollout in rollouts.order_by("-notified_at", "-id")
    ]


def back_test_approval(
    scope: Scope, approval: Approval, *, now: datetime, most: int = TESTED
) -> Sequence[ApprovalForecast]:
    """Return what an approval would have done with the latest rollouts, with what was known then (R3.10).

    Raises:
        NotPermitted: not a Supplier.
    """
    rollouts = _rollouts(scope).filter(notified_at__lte=now).order_by("-notified_at", "-id")[:most]
    return [back_test(scope.organisation_id, rollout, approval, now=now) for rollout in rollouts]


def _rollouts(scope: Scope) -> Any:
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier approves rollouts by rule.")
    return visible_rollouts(scope).select_related("cpl_entry__device_model")


def _card(rule: ApprovalRule, version: ApprovalRuleVersion, *, runs: Sequence[RuleRun] = ()) -> ApprovalCard:
    return ApprovalCard(
        id=rule.pk,
        name=rule.name,
        latest_version=rule.latest_version,
        enabled_version=rule.enabled_version,
        enabled_at=rule.enabled_at,
        shown=_version(version),
        runs=runs,
    )


def _version(version: ApprovalRuleVersion) -> RuleVersion:
    approval = Approval.of(version)
    return RuleVersion(
        id=version.pk,
        version=version.version,
        created_at=version.created_at,
        releases=explain(approval.release),
        hubs=explain(approval.hubs),
        time=explain_policy(approval.policy),
        release_tree=version.release_tree,
        hub_tree=version.hub_tree,
        time_policy=version.time_policy,
    )


def _runs(rule: ApprovalRule) -> list[RuleRun]:
    recent = (
        ApprovalRun.objects.filter(version__rule=rule).select_related("version").order_by("-ran_at", "-id")
    )
    runs = list(recent)
    names = dict(Rollout.objects.filter(pk__in=[run.rollout_id for run in runs]).values_list("id", "name"))
    return [
        RuleRun(
            rollout_id=run.rollout_id,
            rollout_name=names.get(run.rollout_id, ""),
            version=run.version.version,
            ran_at=run.ran_at,
            outcome=run.outcome,
            hubs=run.facts.get("hubs", 0),
            left_over=run.facts.get("left_over", 0),
            instructions=run.facts.get("instructions", []),
        )
        for run in runs
    ]
