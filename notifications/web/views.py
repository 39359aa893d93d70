"""The inbox page and preferences."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from notifications import queries, services
from notifications.models import Reader
from portal.events.naming import rollout_names
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import MADE_FROM
from portal.kernel.refusals import BadInput, NotFound
from portal.kernel.versions import EditConflict, version_of

_DIGITS: Final = 10
_WORDS: Final = {
    Reader.Mail.SOON.value: (
        "At once",
        "Within minutes. Notices close together come in one mail.",
    ),
    Reader.Mail.DAILY.value: (
        "Once a day",
        "One mail at 07:00 with everything since the last, by rollout.",
    ),
    Reader.Mail.NEVER.value: ("Not at all", "Notices appear in the portal only."),
}
_SAID: Final = {
    Reader.Mail.SOON.value: "Saved. Notices are mailed to you at once.",
    Reader.Mail.DAILY.value: "Saved. Notices are mailed to you once a day, at 07:00.",
    Reader.Mail.NEVER.value: "Saved. No notices are mailed to you.",
}


@require_GET
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the organisation's notices, newest first, each under its rollout."""
    wanted = request.GET.get("rollout", "")
    rollout_id = int(wanted) if wanted.isdecimal() and len(wanted) < _DIGITS else None
    page = queries.inbox(_scope(request), cursor=request.GET.get("before", ""), rollout_id=rollout_id)
    older = {"before": page.next or "", **({"rollout": str(rollout_id)} if rollout_id is not None else {})}
    context = {
        "page": page,
        "groups": _groups(page.items),
        "rollout_id": rollout_id,
        "older_url": f"?{urlencode(older)}" if page.next else "",
    }
    return render(request, "notifications/inbox.html", context)


@require_GET
@login_required
def open_notice(request: HttpRequest, ident: str) -> HttpResponse:
    """Lead to what a notice is about; it counts as read from then on."""
    try:
        url = services.open_notice(_scope(request), ident=ident)
    except NotFound as missing:
        raise Http404(missing.message) from missing
    return redirect(url or "notifications:inbox")


@require_POST
@login_required
def seen(request: HttpRequest) -> HttpResponse:
    """Mark everything up to a notice as seen."""
    with suppress(BadInput):  # a page from before, or one made up, marks nothing
        services.mark_seen(_scope(request), up_to=request.POST.get("up_to", ""))
    return redirect("notifications:inbox")


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose when notices are mailed."""
    scope = _scope(request)
    wanted, chosen = request.POST.get("mail", ""), queries.mail_preference(scope)
    made_from, conflict = request.POST.get(MADE_FROM, chosen), ""
    if request.method == "POST" and wanted in Reader.Mail.values:
        wanted = chosen if wanted == made_from else wanted
        try:
            if chosen not in {made_from, wanted}:
                raise EditConflict(f"It has been set to “{_WORDS[chosen][0]}” since you opened the page.")
            services.prefer_mail(scope, mail=wanted, expected=version_of({"mail": chosen}), now=clock.now())
        except EditConflict as refusal:
            conflict = f"{refusal.message} You chose “{_WORDS[wanted][0]}”: save again to keep that."
        else:
            messages.success(request, _SAID[wanted])
            return redirect("notifications:preferences")
    shown = wanted if conflict else chosen
    choices = [(value, *words, value == shown) for value, words in _WORDS.items()]
    context = {
        "made_from": chosen,
        "conflict": conflict,
        "choices": choices,
        "address": request.user.email,  # type: ignore[union-attr]
        "crumbs": [{"label": "Notices", "url": reverse("notifications:inbox")}],
    }
    status = 409 if conflict else 422 if request.method == "POST" else 200
    return render(request, "notifications/preferences.html", context, status=status)


def _groups(notices: Sequence[queries.InboxNotice]) -> list[dict[str, object]]:
    """Gather notices by rollout, the one with the latest news first."""
    by_rollout: dict[int, list[queries.InboxNotice]] = {}
    for notice in notices:
        by_rollout.setdefault(notice.rollout_id or 0, []).append(notice)
    names = rollout_names([rollout_id for rollout_id in by_rollout if rollout_id])
    return [
        {
            "rollout_id": rollout_id,
            "name": names.get(rollout_id, "") if rollout_id else "",
            "unread": sum(notice.is_unread for notice in items),
            "items": [
                replace(notice, title=notice.title.removesuffix(f": {names.get(rollout_id, '')}"))
                for notice in items
            ],
        }
        for rollout_id, items in by_rollout.items()
    ]


def _scope(request: HttpRequest) -> Scope:
    return Scope.of(request.user)  # type: ignore[arg-type]
