"""Searching everywhere from any page: what was found, or why nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from portal.accounts.people import is_administrator, people_like
from portal.identity.models import OrganisationKind, User
from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from rollouts.queries.estate.everywhere import (
    MOST_OF_A_KIND,
    SHORTEST,
    HubMatches,
    SearchResults,
    search_everywhere,
)
from rollouts.web.guards import for_people, scope_of

_LONGEST: Final = 120
_KINDS: Final = {
    OrganisationKind.SUPPLIER: "rollout, incident or instruction",
    OrganisationKind.CSP: "rollout",
}


@require_GET
@for_people
def search(request: PortalRequest) -> HttpResponse:
    """Search everywhere; a whole GUID that is found leads to its hub at once."""
    scope, text = scope_of(request), request.GET.get("q", "").replace("\0", "").strip()[:_LONGEST]
    results = search_everywhere(scope, text)
    is_part = bool(request.htmx) and not request.htmx.history_restore_request
    if results.is_whole_guid and len(results) == 1 and not is_part:
        return redirect("rollouts:hub", results.beginning.hubs[0].guid)
    people: Sequence[User] = ()
    if is_administrator(scope) and len(text) >= SHORTEST:
        people = people_like(scope, text, most=MOST_OF_A_KIND)
    context = {
        "text": text,
        "results": results,
        "people": people,
        "found": len(results) + len(people),
        "is_cut": results.beginning.has_more or results.ending.has_more,
        "hubs": [
            _hubs(scope, text, results.beginning, ending=False),
            _hubs(scope, text, results.ending, ending=True),
        ],
        "reasons": _reasons(scope, text, results),
        "scope": scope,
    }
    return render(request, f"rollouts/estate/search.html{'#results' if is_part else ''}", context)


def _hubs(scope: Scope, text: str, matches: HubMatches, *, ending: bool) -> dict[str, Any]:
    has_list = matches.has_more and (scope.is_supplier or scope.is_dcc)
    query = urlencode({"q": f"*{text}" if ending else text})
    return {
        "title": "Hubs whose GUID ends so" if ending else "Hubs",
        "rows": matches.hubs,
        "more_url": f"{reverse('rollouts:estate')}?{query}" if has_list else "",
    }


def _reasons(scope: Scope, text: str, results: SearchResults) -> list[str]:
    """Say why nothing was found; the same of another Supplier's hub as of an unknown one."""
    if len(text) < SHORTEST:
        return ["Type two characters or more."]
    reasons = [_hub_reason(scope, text, results)]
    if not results.is_whole_guid:
        if scope.is_csp:
            reasons.append("A CSP finds hubs by the whole GUID, or by its last four digits or more.")
        kinds = _KINDS.get(scope.kind, "rollout or incident")
        reasons.append(f"No {kinds} that you may see has it in its name or reference.")
        if not is_administrator(scope):
            reasons.append("People are found by administrators of your organisation.")
    return list(filter(None, reasons))


def _hub_reason(scope: Scope, text: str, results: SearchResults) -> str:
    if scope.is_panel:
        return "The Panel sees rollouts and incidents, not single hubs."
    if results.is_whole_guid:
        return (
            "None of your hubs has this GUID, and none has a GPF with it. "
            "Compare it with the place it came from."
        )
    if not results.ending.problem:
        return "The GUID of none of your hubs begins or ends with it, and no GPF of theirs begins so."
    if results.beginning.problem and any(character.isdigit() for character in text):
        return f"It is no GUID and no part of one. {results.beginning.problem}"
    return ""
