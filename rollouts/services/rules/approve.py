"""Standing approvals: saved in versions, switched on by somebody, applied by the portal (R3.10).

A rule never speaks over what a person has said about a hub, or has withdrawn. Each run is kept with
what was known when it decided; hubs that join later are approved by a further run while the window is open.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import F

from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.identity.models import OrganisationKind
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.names import LONGEST_NAME
from portal.kernel.refusals import NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.working_days import local_day
from rollouts.models import ApprovalRule, ApprovalRuleVersion, ApprovalRun, Instruction, Rollout
from rollouts.reads.instructions.receipts import Receipt
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.reads.rules.approvals import (
    Approval,
    ApprovalForecast,
    RolloutSnapshot,
    forecast,
    is_due,
    matching_hubs,
    nights_of,
    snapshot_at,
)
from rollouts.rules.criteria import NightPlan, Sql, explain, explain_policy, spread_sql
from rollouts.services.instructions.answer import AnswerOrder
from rollouts.services.instructions.hub_list import HubList
from rollouts.services.instructions.instruct import AT_ONCE, Author, check_is_open, give_instruction
from rollouts.services.rules.keep import keep_version
from rollouts.states import RUNNING_STATUSES, Channel, CplStatus, InstructionKind


@unit_of_work
def save_approval_rule(
    scope: Scope,
    *,
    name: str,
    release_tree: object,
    hub_tree: object,
    time_policy: object,
    expected: int | None = None,
    now: datetime,
) -> ApprovalRuleVersion:
    """Save a rule under a name; a new version where it means something new, else the version there is.

    `expected` is the latest version the change was made from.

    A version that is switched on stays on: switching on the new one is a step of its own.

    Raises:
        NotPermitted: not for somebody who instructs for a Supplier.
        BadInput: there is no name, or it is too long.
        InvalidCriteria: a tree or the time policy cannot be read.
        EditConflict: there is a later version than `expected`.
    """
    _check_may_approve(scope)
    approval = Approval.read(release_tree=release_tree, hub_tree=hub_tree, time_policy=time_policy)
    version, earlier = keep_version(
        scope,
        ApprovalRule.objects,
        ApprovalRuleVersion.objects,
        name=name,
        meaning=_meaning_of(approval),
        contents={
            "release_tree": approval.release.document,
            "hub_tree": approval.hubs.document,
            "time_policy": approval.policy.document,
        },
        expected=expected,
        now=now,
    )
    if version == earlier:
        return version
    facts = {
        "name": version.rule.name,
        "version": version.version,
        "releases": explain(approval.release),
        "hubs": explain(approval.hubs),
        "time": explain_policy(approval.policy),
    }
    _write_down("approval-rule.saved", version.rule, by=scope, at=now, facts=facts)
    return version


@unit_of_work
def enable_approval_rule(
    scope: Scope, *, rule_id: int, version: int, now: datetime
) -> tuple[ApprovalForecast, ...]:
    """Switch a version on, in place of any other of its rule; say what it does next with each live rollout.

    Raises:
        NotPermitted: not for somebody who instructs for a Supplier.
        NotFound: there is no such rule or version of this organisation.
    """
    rule = _held_rule(scope, rule_id)
    chosen = rule.versions.filter(version=version).first()
    if chosen is None:
        raise NotFound("There is no such version of this rule.")
    rule.enabled_version, rule.enabled_at, rule.enabled_by_id = version, now, scope.user_id
    rule.save(update_fields=["enabled_version", "enabled_at", "enabled_by_id"])
    approval = Approval.of(chosen)
    ahead = tuple(
        forecast(scope.organisation_id, rollout, approval, known=snapshot_at(rollout, now))
        for rollout in _live_rollouts(scope)
    )
    facts = {
        "name": rule.name,
        "version": version,
        "next": {outlook.rollout_name: [outlook.outcome, outlook.hubs] for outlook in ahead},
    }
    _write_down("approval-rule.enabled", rule, by=scope, at=now, facts=facts)
    return ahead


@unit_of_work
def disable_approval_rule(scope: Scope, *, rule_id: int, now: datetime, archive: bool = False) -> None:
    """Switch a rule off; what it has instructed stands. An archived rule also leaves the lists.

    Raises:
        NotPermitted, NotFound: as for switching on.
    """
    rule = _held_rule(scope, rule_id)
    facts = {"name": rule.name, "version": rule.enabled_version}
    rule.enabled_version = rule.enabled_at = rule.enabled_by_id = None
    rule.archived_at = now if archive else rule.archived_at
    rule.save(update_fields=["enabled_version", "enabled_at", "enabled_by_id", "archived_at"])
    fact = "approval-rule.archived" if archive else "approval-rule.disabled"
    _write_down(fact, rule, by=scope, at=now, facts=facts)


def run_approval_rules(*, now: datetime) -> int:
    """Apply every rule that is on to every live rollout it suits; return how many runs there were.

    Run as often as you like: a rule that has run on a rollout runs again only for hubs that joined since.
    """
    enabled = ApprovalRuleVersion.objects.filter(
        version=F("rule__enabled_version"), rule__archived_at=None
    ).select_related("rule")
    versions = list(enabled.order_by("id"))
    rollouts = list(_accepting(Rollout.objects.all(), now=now))
    if not versions or not rollouts:
        return 0
    unsaid = _unsaid([v.rule.organisation_id for v in versions], [r.pk for r in rollouts])
    runs = {(run.version_id, run.rollout_id): run for run in ApprovalRun.objects.filter(version__in=versions)}
    known = {rollout.pk: snapshot_at(rollout, now) for rollout in rollouts}
    done = 0
    for version in versions:
        approval = Approval.of(version)
        for rollout in rollouts:
            hubs = unsaid.get((rollout.pk, version.rule.organisation_id), 0)
            run = runs.get((version.pk, rollout.pk))
            mark = run.facts.get("unsaid_after", 0) if run else 0
            if run and hubs < mark:
                _lower_mark(run, hubs)
            if hubs > mark and is_due(approval, known[rollout.pk]):
                done += _run_once(version_id=version.pk, rollout_id=rollout.pk, now=now)
    return done


@unit_of_work
def _lower_mark(run: ApprovalRun, unsaid: int) -> None:
    """Remember that fewer hubs are left unsaid than a run left: of those that join next none is missed."""
    same = ApprovalRun.objects.filter(pk=run.pk, ran_at=run.ran_at)
    same.update(facts={**run.facts, "unsaid_after": unsaid})


@unit_of_work
def _run_once(*, version_id: int, rollout_id: int, now: datetime) -> bool:
    """Apply one version to one rollout, deciding again on the locked rows."""
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    rollout = Rollout.objects.select_related("cpl_entry__device_model").get(pk=rollout_id)
    version = ApprovalRuleVersion.objects.select_related("rule").get(pk=version_id)
    rule = ApprovalRule.objects.select_for_update(no_key=True).get(pk=version.rule_id)
    known = snapshot_at(rollout, now)
    approval = Approval.of(version)
    if rule.enabled_version != version.version or not is_due(approval, known):
        return False
    if _is_under_way(rule.organisation_id, rollout):
        return False
    try:
        check_is_open(rollout)
    except Refusal:
        return False
    matching = matching_hubs(rule.organisation_id, rollout, approval, as_of=local_day(now))
    hubs = sql.rows(sql.statement("rollouts", "count_hubs", matching=matching))[0].n
    plan = nights_of(approval, known, hubs=hubs)
    by = Scope(
        organisation_id=rule.organisation_id,
        kind=OrganisationKind.SUPPLIER,
        user_id=rule.enabled_by_id,
        name=f"rule {rule.name} v{version.version}",
    )
    receipts = _instruct(by, rollout, version, matching, plan, seed=approval.policy.seed, now=now)
    _keep_run(by, rollout, version, known, receipts, hubs=hubs, plan=plan)
    return True


@inside_unit_of_work
def _instruct(
    by: Scope,
    rollout: Rollout,
    version: ApprovalRuleVersion,
    matching: Sql,
    plan: NightPlan,
    *,
    seed: int,
    now: datetime,
) -> list[Receipt]:
    """Submit one instruction a night."""
    statement = spread_sql(matching, plan, seed=seed)
    by_night: defaultdict[datetime, list[int]] = defaultdict(list)
    for row in sql.rows(statement) if plan.nights else []:
        by_night[row.activate_at].append(row.guid)
    author = Author(
        organisation_id=by.organisation_id,
        channel=Channel.RULE,
        user_id=by.user_id,
        name=f"{version.rule.name} v{version.version}"[:LONGEST_NAME],
        rule_version_id=version.pk,
    )
    return [
        give_instruction(
            by,
            rollout=rollout,
            author=author,
            # A night that has begun means as soon as the image is on the hub.
            order=AnswerOrder(by.organisation_id, InstructionKind.INSTRUCT, at if at > now else None, now),
            source=HubList.from_stored(guids),
            now=now,
            # Many nights in one transaction would keep a halt waiting.
            is_long=sum(map(len, by_night.values())) > AT_ONCE,
        )
        for at, guids in sorted(by_night.items())
    ]


@inside_unit_of_work
def _keep_run(
    by: Scope,
    rollout: Rollout,
    version: ApprovalRuleVersion,
    known: RolloutSnapshot,
    receipts: Sequence[Receipt],
    *,
    hubs: int,
    plan: NightPlan,
) -> None:
    """Keep what was decided on what grounds, and tell the Supplier."""
    earlier = ApprovalRun.objects.filter(version=version, rollout_id=rollout.pk).first()
    # A long instruction is applied later: its hubs are counted as answered already.
    pending = sum(receipt.lines for receipt in receipts if not receipt.is_finished)
    unsaid = _unsaid([by.organisation_id], [rollout.pk]).get((rollout.pk, by.organisation_id), 0)
    notice: dict[str, Any] = {
        "rule": version.rule.name,
        "version": version.version,
        "rollout": rollout.name,
        "instructions": [receipt.reference for receipt in receipts],
        "hubs": hubs - plan.left_over,
        "left_over": plan.left_over,
    }
    runs = (earlier.facts.get("runs", 1) if earlier else 0) + 1
    values = {
        "ran_at": known.at,
        "instruction_id": receipts[0].id if receipts else (earlier.instruction_id if earlier else None),
        "outcome": "APPROVED" if receipts else (earlier.outcome if earlier else "NO_HUBS"),
        "facts": {
            **notice,
            "release": asdict(known.release),
            "unsaid_after": max(unsaid - pending, 0),
            "runs": runs,
        },
    }
    ApprovalRun.objects.update_or_create(version=version, rollout_id=rollout.pk, defaults=values)
    if receipts or earlier is None:
        record("approval-rule.ran", subject=f"rollout:{rollout.pk}", by=by, at=known.at, facts=notice)
        publish_entries(
            EntryKind.RULE_RAN, parties=[by.organisation_id], at=known.at, rollout_id=rollout.pk, data=notice
        )


def _is_under_way(organisation_id: int, rollout: Rollout) -> bool:
    """Return whether hubs of an earlier run still wait to be answered: they are not to be approved twice."""
    return Instruction.objects.filter(
        rollout=rollout, organisation_id=organisation_id, channel=Channel.RULE, finished_at=None
    ).exists()


def _live_rollouts(scope: Scope) -> Sequence[Rollout]:
    rollouts = visible_rollouts(scope).filter(status__in=RUNNING_STATUSES)
    return list(rollouts.select_related("cpl_entry__device_model").order_by("id"))


def _accepting(rollouts: Any, *, now: datetime) -> Any:
    return (
        rollouts.filter(status__in=RUNNING_STATUSES, cutoff_at__gte=now, cpl_entry__status=CplStatus.ACTIVE)
        .select_related("cpl_entry__device_model")
        .order_by("id")
    )


def _unsaid(parties: Sequence[int], rollouts: Sequence[int]) -> dict[tuple[int, int], int]:
    rows = sql.fetch_all("rollouts", "unsaid_by_party", parties=sorted(set(parties)), rollouts=list(rollouts))
    return {(row.rollout_id, row.party_id): row.hubs for row in rows}


def _held_rule(scope: Scope, rule_id: int) -> ApprovalRule:
    _check_may_approve(scope)
    rule = (
        ApprovalRule.objects.select_for_update(no_key=True)
        .filter(organisation_id=scope.organisation_id, pk=rule_id)
        .first()
    )
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def _check_may_approve(scope: Scope) -> None:
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier approves rollouts by rule.")
    scope.check(*MAY_INSTRUCT)


def _meaning_of(approval: Approval) -> str:
    policy = json.dumps(approval.policy.document, sort_keys=True)
    return f"{approval.release.digest}:{approval.hubs.digest}:{policy}"


def _write_down(fact: str, rule: ApprovalRule, *, by: Scope, at: datetime, facts: dict[str, Any]) -> None:
    record(fact, subject=f"approval-rule:{rule.pk}", by=by, at=at, facts=facts)
