"""The audit trail in words, as a file, and the check of its chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.identity.requests import PortalRequest
from portal.kernel import clock
from portal.kernel.presentation.local_times import DayField
from portal.kernel.spreadsheets import stream_csv
from rollouts.queries.governance.audit import Fact, FactFilter, audit_trail, check_chain, every_fact
from rollouts.web.governance.audit_words import sentence, shortened, who, why
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import download

#: Kinds of facts by how their names begin.
_KINDS: Final = [
    ("", "All"),
    ("rollout.", "Rollouts"),
    ("batch.", "Batches and gates"),
    ("pilot.", "Pilots"),
    ("instruction.", "Instructions"),
    ("decision.", "Decisions"),
    ("requirement.", "Business rules"),
    ("halt-rule.", "Halt rules"),
    ("incident.", "Incidents"),
    ("known-issue.", "Known issues"),
    ("cpl-entry.", "Products list"),
    ("estate.", "Inventory"),
    ("channel.", "CSP channels"),
    ("person.", "People"),
    ("client.", "API clients"),
    ("webhook.", "Webhooks"),
]
#: Subjects that have a page: what they are called, and its address.
_PAGES: Final = {"rollout": "rollouts:detail", "incident": "rollouts:incident"}
_HEADER: Final = (
    "position",
    "at",
    "sentence",
    "why",
    "by",
    "organisation",
    "fact",
    "subject",
    "details",
    "hash",
)


class AuditFilterForm(forms.Form):
    """Which facts to list; what cannot be read is no filter."""

    kind = forms.ChoiceField(label="About", required=False, choices=_KINDS)
    subject = forms.CharField(
        label="Object",
        required=False,
        max_length=80,
        help_text="A rollout, incident or person by name.",
    )
    actor = forms.CharField(
        label="Done by", required=False, max_length=80, help_text="A person or organisation."
    )
    since = DayField(label="From", required=False, help_text="")
    until = DayField(label="Until", required=False, help_text="")

    def wanted(self) -> FactFilter:
        """Return what was asked for."""
        self.is_valid()
        cleaned = self.cleaned_data
        return FactFilter(
            name=cleaned.get("kind") or "",
            subject=(cleaned.get("subject") or "").strip(),
            actor=(cleaned.get("actor") or "").strip(),
            since=cleaned.get("since"),
            until=cleaned.get("until"),
        )


@require_http_methods(["GET", "POST"])
@for_people
def audit(request: PortalRequest) -> HttpResponse:
    """List what happened, the newest first; on POST check the whole chain."""
    scope = scope_of(request)
    form = AuditFilterForm(request.GET)
    page = audit_trail(scope, wanted=form.wanted(), cursor=request.GET.get("after", ""))
    params = request.GET.copy()
    params.pop("after", None)
    more = params.copy()
    more["after"] = page.next or ""
    context = {
        "rows": [_row(fact) for fact in page.items],
        "form": form,
        "proof": check_chain(scope) if request.method == "POST" else None,
        "checked_at": clock.now(),
        "csv_url": f"{reverse('rollouts:audit-csv')}?{params.urlencode()}",
        "older_url": f"?{more.urlencode()}" if page.next else "",
        "newer_url": f"?{params.urlencode()}" if request.GET.get("after") else "",
    }
    return render(request, "rollouts/governance/audit.html", context)


@require_GET
@for_people
def audit_csv(request: PortalRequest) -> HttpResponseBase:
    """Return what is listed as a file, whatever its length."""
    facts = every_fact(scope_of(request), wanted=AuditFilterForm(request.GET).wanted())
    rows = (
        (
            fact.position,
            fact.at.isoformat(),
            sentence(fact),
            why(fact.facts),
            who(fact),
            fact.organisation,
            fact.name,
            fact.subject,
            json.dumps(fact.facts, ensure_ascii=False, default=str),
            fact.hash,
        )
        for fact in facts
    )
    return download(stream_csv(rows, header=_HEADER, with_mark=True), "audit-trail.csv", "text/csv")


def _row(fact: Fact) -> dict[str, Any]:
    kind, _, number = fact.subject.partition(":")
    url = reverse(_PAGES[kind], args=[int(number)]) if kind in _PAGES and number.isdecimal() else ""
    return {
        "it": fact,
        "url": url,
        "sentence": sentence(fact),
        "why": why(fact.facts),
        "facts": _fact_rows(fact.facts),
    }


def _fact_rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), shortened(value)) for name, value in facts.items() if value not in (None, "")
    ]
