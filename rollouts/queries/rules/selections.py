"""A Supplier's rules for choosing hubs, and what conditions would choose (R2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotPermitted
from portal.kernel.working_days import local_day
from rollouts.models import SelectionRule, SelectionRuleVersion
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.reads.rules.choosing import HubSelection, choose
from rollouts.rules.criteria import Subject, explain, parse, parse_sample

LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class SelectionPreview:
    """What criteria and a sample would choose now; `says` are the criteria in words."""

    says: str
    selection: HubSelection
    cap: int

    @property
    def first_guids(self) -> list[str]:
        """Spell the first few of the chosen hubs."""
        return [str(Guid.from_db(guid)) for guid in self.selection.guids[:LISTED]]

    @property
    def is_over_cap(self) -> bool:
        """Return whether more hubs are chosen than the whole pilot group may hold."""
        return self.selection.chosen > self.cap


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A named rule as it now stands."""

    id: int
    version_id: int
    name: str
    version: int
    says: str
    tree: Mapping[str, Any]
    sample: Mapping[str, Any] | None
    saved_at: datetime


def preview_selection(
    scope: Scope,
    *,
    rollout_id: int,
    tree: object,
    sample: Mapping[str, Any] | None = None,
    supplier_id: int | None = None,
    now: datetime,
) -> SelectionPreview:
    """Return what criteria and a sample would choose of the organisation's own hubs, and change nothing.

    The DCC chooses among all hubs, or those of one Supplier (`supplier_id`).

    Raises:
        NotFound: there is no such rollout for this organisation.
        NotPermitted: neither a Supplier nor the DCC.
        InvalidCriteria: the tree or the sample cannot be read.
    """
    if not (scope.is_supplier or scope.is_dcc):
        raise NotPermitted("Only Suppliers and the DCC choose hubs.")
    rollout = visible_rollout(scope, rollout_id)
    criteria = parse(tree, subject=Subject.HUB)
    drawn = parse_sample(sample) if sample is not None else None
    selection = choose(
        scope,
        rollout_id=rollout_id,
        criteria=criteria,
        sample=drawn,
        as_of=local_day(now),
        listed=LISTED,
        supplier_id=supplier_id,
    )
    return SelectionPreview(explain(criteria), selection, rollout.pilot_cap)


def selection_rules(scope: Scope) -> list[SavedRule]:
    """List the organisation's own rules, by name, each as it now stands."""
    own = SelectionRule.objects.filter(organisation_id=scope.organisation_id, archived_at=None)
    latest = SelectionRuleVersion.objects.filter(rule__in=own, version=F("rule__latest_version"))
    return [_saved(version) for version in latest.select_related("rule").order_by("rule__name", "pk")]


def rule_versions(scope: Scope, *, rule_id: int) -> list[SavedRule]:
    """List every version of one of the organisation's own rules, the latest first."""
    versions = SelectionRuleVersion.objects.filter(
        rule_id=rule_id, rule__organisation_id=scope.organisation_id
    )
    return [_saved(version) for version in versions.select_related("rule").order_by("-version")]


def _saved(version: SelectionRuleVersion) -> SavedRule:
    return SavedRule(
        id=version.rule_id,
        version_id=version.pk,
        name=version.rule.name,
        version=version.version,
        says=explain(parse(version.tree, subject=Subject.HUB)),
        tree=version.tree,
        sample=version.sample,
        saved_at=version.created_at,
    )
