"""Alerts that fit nothing: listed, filtered, and marked as reviewed with a reason."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from portal.identity.models import Organisation, OrganisationKind
from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.queries.alerts.unmatched import MOST_COUNTED, UnmatchedFilter, count_unmatched, unmatched_alerts
from rollouts.states import UnmatchedReason
from rollouts.web.guards import for_people, scope_of

_ANY: Final = ("", "Any")
_DIGITS: Final = 19  # what is longer is no number of an alert


class UnmatchedForm(forms.Form):
    """Which alerts to list; an unknown value is no filter."""

    why = forms.ChoiceField(
        label="Why it is unmatched", required=False, choices=[_ANY, *UnmatchedReason.choices]
    )
    csp = forms.TypedChoiceField(label="CSP", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        csps = Organisation.objects.filter(kind=OrganisationKind.CSP).order_by("name")
        self.fields["csp"].choices = [_ANY, *csps.values_list("pk", "name")]  # type: ignore[attr-defined]

    def wanted(self, *, is_reviewed: bool = False) -> UnmatchedFilter:
        """Return the filter that was asked for."""
        self.is_valid()
        cleaned = self.cleaned_data
        return UnmatchedFilter(is_reviewed, cleaned.get("why") or "", cleaned.get("csp"))

    @property
    def query_string(self) -> str:
        """The filter as it stands in an address."""
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})


@require_GET
@for_people
def unmatched(request: PortalRequest) -> HttpResponse:
    """List alerts that fit nothing the portal has asked for, and those somebody has reviewed."""
    return _page(request, scope_of(request))


@require_POST
@for_people
def review(request: PortalRequest) -> HttpResponse:
    """Mark alerts as reviewed: those that are ticked, or all that are listed."""
    scope, form = scope_of(request), UnmatchedForm(request.POST)
    wanted, note = form.wanted(), request.POST.get("note", "")
    takes_all = request.POST.get("which") == "all"
    up_to = request.POST.get("up_to", "")
    ticked = [int(each) for each in request.POST.getlist("alert") if each.isdecimal() and len(each) < _DIGITS]
    try:
        marked = services.review_unmatched(
            scope,
            note=note,
            now=clock.now(),
            alert_ids=None if takes_all else ticked,
            up_to=int(up_to) if takes_all and up_to.isdecimal() else None,
            why=wanted.why if takes_all else "",
            csp_id=wanted.csp_id if takes_all else None,
        )
    except Refusal as refusal:
        if refusal.status == 403:  # noqa: PLR2004 - who may not is told so on a page of its own
            raise
        return _page(request, scope, problem=refusal.message, note=note, ticked=ticked, status=refusal.status)
    messages.success(request, f"{count_of(marked, 'alert')} marked as reviewed.")
    return redirect(f"{reverse('rollouts:unmatched')}?{form.query_string}")


def _page(
    request: PortalRequest,
    scope: Scope,
    *,
    problem: str = "",
    note: str = "",
    ticked: list[int] | None = None,
    status: int = 200,
) -> HttpResponse:
    source = request.GET if request.method == "GET" else request.POST
    form = UnmatchedForm(source)
    is_reviewed, before = source.get("shown") == "reviewed", source.get("before", "")
    wanted = form.wanted(is_reviewed=is_reviewed)
    page = unmatched_alerts(scope, wanted=wanted, before=int(before) if before.isdecimal() else None)
    params = form.query_string + ("&shown=reviewed" if is_reviewed else "")
    address = reverse("rollouts:unmatched")
    count = 0 if is_reviewed else count_unmatched(scope, wanted=wanted)
    context = {
        "page": page,
        "form": form,
        "is_reviewed": is_reviewed,
        "count": count,
        "is_more": count == MOST_COUNTED,
        "up_to": page.items[0].id if page.items and not before else "",
        "may_review": not is_reviewed and scope.has(*MAY_OPERATE),
        "problem": problem,
        "note": note,
        "ticked": ticked or [],
        "older_url": f"{address}?{params}&before={page.next}" if page.next else "",
        "tabs": [
            {"label": "To review", "url": f"{address}?{form.query_string}", "current": not is_reviewed},
            {
                "label": "Reviewed",
                "url": f"{address}?{form.query_string}&shown=reviewed",
                "current": is_reviewed,
            },
        ],
    }
    return render(request, "rollouts/alerts/unmatched.html", context, status=status)
