"""What every page shows of who is asking: name, menu, unread notices, the clock."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from notifications import queries as notifications
from notifications.stream.addresses import stream_for
from portal.accounts.people import is_administrator
from portal.help.guides import guide_of
from portal.identity.models import OrganisationKind, User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel import clock

K = OrganisationKind
_RECENT: Final = 4
_EVERYBODY: Final = frozenset(OrganisationKind)

#: The menu: label, address, for whom, and which other addresses belong to it.
MENU: Final[tuple[tuple[str, str, frozenset[OrganisationKind], tuple[str, ...]], ...]] = (
    ("Dashboard", "rollouts:dashboard", _EVERYBODY, ()),
    ("Rollouts", "rollouts:list", _EVERYBODY, ("/rollouts/",)),
    ("Instructions", "rollouts:instructions", frozenset({K.SUPPLIER}), ("/instructions/",)),
    ("Rules", "rollouts:rules", frozenset({K.SUPPLIER}), ("/rules/", "/approvals/")),
    ("Incidents", "rollouts:incidents", frozenset({K.SUPPLIER, K.DCC, K.PANEL}), ("/incidents/",)),
    ("Triage", "rollouts:triage", frozenset({K.DCC, K.PANEL}), ("/triage/", "/known-issues/")),
    ("Decisions", "rollouts:decisions", frozenset({K.DCC, K.PANEL}), ("/decisions/",)),
    ("Products list", "rollouts:catalogue", _EVERYBODY, ("/catalogue/",)),
    ("Estate", "rollouts:estate", frozenset({K.SUPPLIER, K.DCC}), ("/estate/", "/hubs/")),
    ("Imports", "rollouts:imports", frozenset({K.DCC}), ("/imports/",)),
    ("Schedule", "rollouts:schedule", frozenset({K.DCC, K.CSP}), ("/schedule/",)),
    ("CSP channels", "rollouts:channels", frozenset({K.DCC, K.CSP}), ("/channels/",)),
    ("Unmatched alerts", "rollouts:unmatched", frozenset({K.DCC}), ("/unmatched-alerts/",)),
    ("Audit trail", "rollouts:audit", frozenset({K.DCC}), ("/audit/",)),
    ("Notices", "notifications:inbox", _EVERYBODY, ("/notifications/",)),
)

_ADMINISTRATION: Final = (
    ("People", "people"),
    ("API clients", "clients"),
    ("Webhooks", "notifications:webhooks"),
    ("Single sign-on", "single-sign-on"),
)

_FOOT: Final = (
    ("Help", "help"),
    ("Requirements", "rollouts:requirements"),
    ("Business rules", "rollouts:business-rules"),
    ("API documentation", "developers"),
    ("Mailbox", "mailbox"),
)

_SERVICE_REQUESTS: Final = (("Service Requests", "rollouts:certificates"),)


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of `base.html`; without a person only the clock."""
    always: dict[str, Any] = {"portal_now": clock.now(), "portal_clock": _clock_words()}
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return always
    scope = Scope.of(user)
    # Read by those pages alone that show them.
    always |= {
        "portal_recent": lambda: notifications.inbox(scope, size=_RECENT),
        "portal_recent_here": lambda: _recent_here(request, scope),
        "portal_unread": lambda: notifications.unread(scope),
    }
    if _is_part(request):
        return always
    return {
        **always,
        "portal_user": {
            "name": user.name,
            "email": user.email,
            "organisation": scope.organisation_name,
            "roles": ", ".join(str(Role(role).label) for role in user.roles),
            "links": _own_links(scope),
            "logout_url": reverse("logout"),
        },
        "portal_links": _links(*_FOOT),
        "portal_hints": None if user.has_seen_hints else guide_of(OrganisationKind(user.organisation.kind)),
        "portal_nav": _menu(request, scope),
        "portal_inbox": {"url": reverse("notifications:inbox"), "unread": notifications.unread(scope)},
        "portal_search": reverse("rollouts:search"),
        "portal_stream": stream_for(request),
    }


def _own_links(scope: Scope) -> list[dict[str, str]]:
    return _links(
        ("Notice preferences", "notifications:preferences"),
        ("Deadlines in your calendar", "rollouts:calendar"),
        ("Log-in and security", "mfa_index"),
        ("Sessions", "usersessions_list"),
        ("Help and guide", "help"),
        ("API documentation", "developers"),
        *(_SERVICE_REQUESTS if scope.kind in {K.SUPPLIER, K.DCC} else ()),
        *(_ADMINISTRATION if is_administrator(scope) else ()),
    )


def _recent_here(request: HttpRequest, scope: Scope) -> list[notifications.InboxNotice]:
    rollout_id = request.resolver_match.kwargs.get("rollout_id") if request.resolver_match else None
    return notifications.recent_of(scope, rollout_id, size=_RECENT) if rollout_id is not None else []


def _is_part(request: HttpRequest) -> bool:
    # htmx takes a part of the page, without its frame; but going back in the history takes the whole.
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def _menu(request: HttpRequest, scope: Scope) -> list[dict[str, Any]]:
    entries = []
    for label, name, kinds, prefixes in MENU:
        url = _address(name)
        if scope.kind in kinds and url:
            is_current = request.path == url or request.path.startswith(prefixes or ("\0",))
            is_current = is_current and not request.path.startswith("/notifications/webhooks/")
            entries.append({"label": label, "url": url, "current": is_current})
    return entries


def _links(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"label": label, "url": url} for label, name in pairs if (url := _address(name))]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _clock_words() -> str:
    reading = clock.current_reading() if settings.DEMO else None
    if reading is None:
        return ""
    if reading.rate in {0, 1}:
        return "demonstration clock, standing still" if reading.rate == 0 else "demonstration clock"
    return f"demonstration clock, {reading.rate:,.0f} times as fast"
