"""A Supplier's named rules for choosing hubs: saved, versioned, reused (R2.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts.models import SelectionRule, SelectionRuleVersion
from rollouts.rules.criteria import Criteria, Subject, differences, explain, parse, parse_sample
from rollouts.services.rules.keep import keep_version


@unit_of_work
def save_rule(
    scope: Scope,
    *,
    name: str,
    tree: object,
    sample: Mapping[str, Any] | None = None,
    expected: int | None = None,
    now: datetime,
) -> SelectionRuleVersion:
    """Save a rule under a name; a new version where it means something new, else the version there is.

    `expected` is the latest version the change was made from.

    Raises:
        NotPermitted: not for somebody who chooses hubs for a Supplier.
        BadInput: there is no name, or it is too long.
        InvalidCriteria: the tree or the sample cannot be read.
        EditConflict: there is a later version than `expected`.
    """
    scope.check(*MAY_INSTRUCT)
    criteria = parse(tree, subject=Subject.HUB)
    drawn = parse_sample(sample).document if sample is not None else None
    version, earlier = keep_version(
        scope,
        SelectionRule.objects,
        SelectionRuleVersion.objects,
        name=name,
        meaning=f"{criteria.digest}:{json.dumps(drawn, sort_keys=True)}",
        contents={"tree": criteria.document, "sample": drawn},
        expected=expected,
        now=now,
    )
    if version != earlier:
        _write_down(scope, version, criteria, earlier, now=now)
    return version


@unit_of_work
def archive_rule(scope: Scope, *, rule_id: int, now: datetime) -> None:
    """Take a rule out of the lists; its versions stay, for what was chosen by them.

    Raises:
        NotPermitted: not for somebody who chooses hubs for a Supplier.
        NotFound: there is no such rule of this organisation.
    """
    scope.check(*MAY_INSTRUCT)
    own = SelectionRule.objects.filter(organisation_id=scope.organisation_id, pk=rule_id)
    if not own.update(archived_at=now):
        raise NotFound("There is no such rule.")
    journal.record("selection-rule.archived", subject=f"selection-rule:{rule_id}", by=scope, at=now, facts={})


@inside_unit_of_work
def _write_down(
    scope: Scope,
    version: SelectionRuleVersion,
    criteria: Criteria,
    earlier: SelectionRuleVersion | None,
    *,
    now: datetime,
) -> None:
    before = parse(earlier.tree, subject=Subject.HUB) if earlier else criteria
    changes = differences(before, criteria)
    journal.record(
        "selection-rule.saved",
        subject=f"selection-rule:{version.rule_id}",
        by=scope,
        at=now,
        facts={
            "name": version.rule.name,
            "version": version.version,
            "says": explain(criteria),
            "sample": version.sample,
            "changes": [f"{change.kind}: {change.before} → {change.after}" for change in changes],
        },
    )
