"""A Supplier's named rules for choosing hubs: saved, versioned, reused (R2.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.versions import check_latest
from rollouts.models import SelectionRule, SelectionRuleVersion
from rollouts.rules.criteria import Criteria, Subject, differences, explain, parse, parse_sample

LONGEST_NAME = 80


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
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"Give the rule a name of at most {LONGEST_NAME} characters.")
    criteria = parse(tree, subject=Subject.HUB)
    drawn = parse_sample(sample).document if sample is not None else None
    meaning = f"{criteria.digest}:{json.dumps(drawn, sort_keys=True)}"
    digest = hashlib.sha256(meaning.encode()).hexdigest()

    rule = _held_rule(scope, name, now=now)
    check_latest(expected, rule.latest_version)
    latest = rule.versions.order_by("-version").first()
    version = latest if latest is not None and latest.digest == digest else None
    if version is None:
        version = SelectionRuleVersion.objects.create(
            rule=rule,
            version=rule.latest_version + 1,
            tree=criteria.document,
            sample=drawn,
            digest=digest,
            created_at=now,
            created_by_id=scope.user_id,
        )
        _write_down(scope, version, criteria, latest, now=now)
    rule.latest_version = version.version
    rule.archived_at = None
    rule.save(update_fields=["latest_version", "archived_at"])
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
def _held_rule(scope: Scope, name: str, *, now: datetime) -> SelectionRule:
    """Find or make the organisation's rule of this name, and hold it: versions are numbered one by one."""
    SelectionRule.objects.bulk_create(
        [SelectionRule(organisation_id=scope.organisation_id, name=name, created_at=now)],
        ignore_conflicts=True,
    )
    held = SelectionRule.objects.select_for_update(no_key=True)
    return held.get(organisation_id=scope.organisation_id, name=name)


@inside_unit_of_work
def _write_down(
    scope: Scope,
    version: SelectionRuleVersion,
    criteria: Criteria,
    latest: SelectionRuleVersion | None,
    *,
    now: datetime,
) -> None:
    earlier = parse(latest.tree, subject=Subject.HUB) if latest else criteria
    changes = differences(earlier, criteria)
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
