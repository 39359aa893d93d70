"""What rules of every kind share: a name of their organisation's own, and versions numbered one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Manager

from portal.identity.scope import Scope
from portal.kernel.names import checked_name
from portal.kernel.transactions import inside_unit_of_work
from portal.kernel.versions import check_latest
from rollouts.models.selections import SupplierRule, SupplierRuleVersion

_Rule = TypeVar("_Rule", bound=SupplierRule)
_Version = TypeVar("_Version", bound=SupplierRuleVersion)


@inside_unit_of_work
def keep_version(
    scope: Scope,
    rules: Manager[_Rule],
    versions: Manager[_Version],
    *,
    name: str,
    meaning: str,
    contents: Mapping[str, Any],
    expected: int | None,
    now: datetime,
) -> tuple[_Version, _Version | None]:
    """Keep what a rule says under its name; return its version, and the one that stood before.

    Both are the same where `meaning` is that of the latest version: then there is none new.

    Raises:
        BadInput: there is no name, or it is too long.
        EditConflict: there is a later version than `expected`.
    """
    own = {"organisation_id": scope.organisation_id, "name": checked_name(name, of="rule")}
    rules.bulk_create([rules.model(**own, created_at=now)], ignore_conflicts=True)
    rule = rules.select_for_update(no_key=True).get(**own)
    check_latest(expected, rule.latest_version)
    digest = hashlib.sha256(meaning.encode()).hexdigest()
    latest = versions.filter(rule=rule).order_by("-version").first()
    version = latest
    if version is None or version.digest != digest:
        version = versions.create(
            rule=rule,
            version=rule.latest_version + 1,
            digest=digest,
            created_at=now,
            created_by_id=scope.user_id,
            **contents,
        )
    rule.latest_version, rule.archived_at = version.version, None
    rule.save(update_fields=["latest_version", "archived_at"])
    version.rule = rule
    return version, latest
