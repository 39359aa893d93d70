"""The commands that were sent for one hub: a part of its page, and a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.identity.requests import PortalRequest
from portal.kernel import clock
from rollouts.queries.dispatch.commands import HubCommand, hub_commands
from rollouts.states import AlertCode, CommandKind, CommandStatus, FailureCode
from rollouts.web.guards import for_people, scope_of

_ICONS: Final[Mapping[CommandKind, str]] = {
    CommandKind.DISTRIBUTE: "download",
    CommandKind.ACTIVATE: "activate",
    CommandKind.CANCEL: "ban",
    CommandKind.READ: "search",
}
_STATUS: Final[Mapping[CommandStatus, tuple[str, str, str]]] = {
    CommandStatus.READY: ("Ready to be sent", "neutral", "clock"),
    CommandStatus.CLAIMED: ("Being sent", "busy", "refresh"),
    CommandStatus.SENT: ("Accepted by the CSP", "info", "check"),
    CommandStatus.DROPPED: ("Dropped before it was sent", "neutral", "dash-circle"),
    CommandStatus.REFUSED: ("Refused by the CSP", "bad", "x-circle"),
}
_ANSWERS: Final[Mapping[AlertCode, tuple[str, str, str]]] = {
    AlertCode.VERIFIED: ("Image verified", "good", "on-hub"),
    AlertCode.VERIFICATION_FAILED: ("Verification failed", "bad", "x-circle"),
    AlertCode.CS06_ACCEPTED: ("Activation accepted", "info", "check"),
    AlertCode.CS06_RESPONSE: ("Activation answered", "good", "check-circle"),
    AlertCode.ACTIVATED: ("Activated", "good", "check-circle"),
    AlertCode.ACTIVATION_FAILED: ("Activation failed", "bad", "x-circle"),
    AlertCode.DELIVERY_FAILED: ("Not delivered", "bad", "x-circle"),
    AlertCode.CANCELLED: ("Cancelled", "good", "ban"),
    AlertCode.CANCEL_FAILED: ("Could not be cancelled", "warn", "alert"),
    AlertCode.READ_RESULT: ("Version told", "good", "search"),
}


@require_GET
@for_people
def commands(request: PortalRequest, guid: str) -> HttpResponse:
    """Show what was sent for a hub, when, and what it answered; the part of its page alone when htmx asks."""
    scope = scope_of(request)
    sent = hub_commands(scope, guid=guid, now=clock.now())
    if guid != sent.guid:
        return redirect("rollouts:hub-commands", sent.guid)
    context = {
        "scope": scope,
        "guid": sent.guid,
        "rows": [_row(command) for command in sent.commands],
        "crumbs": [
            *([] if scope.is_csp else [{"label": "Estate", "url": reverse("rollouts:estate")}]),
            {"label": sent.guid, "url": reverse("rollouts:hub", args=[sent.guid])},
        ],
    }
    part = "_hub_commands" if request.htmx and not request.htmx.history_restore_request else "hub_commands"
    return render(request, f"rollouts/dispatch/{part}.html", context)


def _row(command: HubCommand) -> dict[str, Any]:
    answer = _ANSWERS.get(command.answer) if command.answer is not None else None
    if answer is not None and command.reason != FailureCode.NONE:
        answer = (answer[0], "bad", "x-circle")
    return {
        "it": command,
        "icon": _ICONS[command.kind],
        "status": _STATUS[command.status],
        "answer": answer,
        "reason": str(command.reason.label) if command.reason != FailureCode.NONE else "",
    }
