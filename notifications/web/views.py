"""The inbox page and preferences."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from notifications import queries, services
from notifications.models import Reader
from portal.identity.scope import Scope


@require_GET
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the organisation's notices, newest first."""
    page = queries.inbox(_scope(request), cursor=request.GET.get("before", ""))
    return render(request, "notifications/inbox.html", {"page": page})


@require_POST
@login_required
def seen(request: HttpRequest) -> HttpResponse:
    """Mark everything up to a notice as seen."""
    up_to = request.POST.get("up_to", "")
    if up_to.isdecimal():
        services.mark_seen(_scope(request), up_to=int(up_to))
    return redirect("notifications:inbox")


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose when notices are mailed."""
    scope = _scope(request)
    wanted = request.POST.get("mail", "")
    if request.method == "POST" and wanted in Reader.Mail.values:
        services.prefer_mail(scope, mail=wanted)
        messages.success(request, "Saved.")
        return redirect("notifications:preferences")
    context = {"choices": Reader.Mail.choices, "chosen": queries.mail_preference(scope)}
    status = 422 if request.method == "POST" else 200
    return render(request, "notifications/preferences.html", context, status=status)


def _scope(request: HttpRequest) -> Scope:
    return Scope.of(request.user)  # type: ignore[arg-type]
