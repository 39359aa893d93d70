"""The inbox page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from notifications import queries, services
from portal.events.naming import rollout_names
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound

_DIGITS: Final = 10


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
            "is_muted": items[0].is_rollout_muted,
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
