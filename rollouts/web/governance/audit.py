"""The audit trail, and the check of its chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.kernel import clock
from rollouts.queries.governance.audit import Fact, audit_trail, check_chain
from rollouts.web.guards import for_people, scope_of

#: Kinds of facts by how their names begin.
_KINDS: Final = [
    ("", "All"),
    ("rollout.", "Rollouts"),
    ("batch.", "Batches and gates"),
    ("pilot.", "Pilots"),
    ("decision.", "Decisions"),
    ("incident.", "Incidents"),
    ("known-issue.", "Known issues"),
    ("halt-rule.", "Halt rules"),
    ("instruction.", "Instructions"),
]
#: Subjects that have a page: what they are called, and its address.
_PAGES: Final = {"rollout": "rollouts:detail", "incident": "rollouts:incident"}
_LONGEST: Final = 200


class AuditFilterForm(forms.Form):
    """Which facts to list."""

    kind = forms.ChoiceField(label="About", required=False, choices=_KINDS)
    subject = forms.CharField(
        label="One thing", required=False, max_length=80, help_text="For example rollout:12."
    )

    def wanted(self) -> tuple[str, str]:
        """Return the kind and the subject that were asked for."""
        self.is_valid()
        cleaned = self.cleaned_data
        return cleaned.get("kind") or "", (cleaned.get("subject") or "").strip()


@require_http_methods(["GET", "POST"])
@for_people
def audit(request: PortalRequest) -> HttpResponse:
    """List what happened, the newest first; on POST check the whole chain."""
    scope = scope_of(request)
    form = AuditFilterForm(request.GET)
    kind, subject = form.wanted()
    page = audit_trail(scope, name=kind, subject=subject, cursor=request.GET.get("after", ""))
    params = request.GET.copy()
    params.pop("after", None)
    more = params.copy()
    more["after"] = page.next or ""
    context = {
        "rows": [_row(fact) for fact in page.items],
        "form": form,
        "proof": check_chain(scope) if request.method == "POST" else None,
        "checked_at": clock.now(),
        "older_url": f"?{more.urlencode()}" if page.next else "",
        "newer_url": f"?{params.urlencode()}" if request.GET.get("after") else "",
    }
    return render(request, "rollouts/governance/audit.html", context)


def _row(fact: Fact) -> dict[str, Any]:
    kind, _, number = fact.subject.partition(":")
    url = reverse(_PAGES[kind], args=[int(number)]) if kind in _PAGES and number.isdecimal() else ""
    return {"it": fact, "url": url, "facts": _fact_rows(fact.facts)}


def _fact_rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), _short(value)) for name, value in facts.items() if value not in (None, "")
    ]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
