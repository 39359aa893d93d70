"""Which failures known issues explain: their conditions as one piece of SQL over a failure and its hub."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from rollouts.models.governance import KnownIssue
from rollouts.reads.rules.choosing import criteria_context
from rollouts.rules.criteria import Sql, Subject, compile_hub, parse


def active_issues(rollout_id: int) -> list[KnownIssue]:
    """Return the known issues that count for a rollout."""
    suited = KnownIssue.objects.filter(Q(rollout_id=rollout_id) | Q(rollout=None), is_active=True)
    return list(suited.order_by("id"))


def explained_by(issues: Iterable[KnownIssue], *, as_of: date) -> Sql:
    """Write the condition that one of the issues explains a failure (`failure`) of a hub (`h`)."""
    texts: list[str] = []
    params: dict[str, object] = {}
    context = criteria_context(None, as_of=as_of)
    for number, issue in enumerate(issues):
        parts = []
        if issue.failure_codes:
            parts.append(f"failure.code = ANY(%(codes_{number})s)")
            params[f"codes_{number}"] = list(issue.failure_codes)
        if issue.criteria:
            criteria = parse(issue.criteria, subject=Subject.HUB)
            condition = compile_hub(criteria, context, prefix=f"known_{number}_")
            parts.append(condition.text)
            params |= condition.params
        texts.append(f"({' AND '.join(parts) or 'TRUE'})")
    return Sql(" OR ".join(texts) or "FALSE", params)
