"""Beginning and ending sessions: others of a person who changes how they log in, all of one who is let go."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.signals import authenticator_added, authenticator_removed
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from portal.accounts.middleware import forget_enrolment, note_log_in
from portal.events.wakeups import announce_access_change
from portal.identity.models import User


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Log a person out everywhere, but for the session with this key; return how many sessions ended."""
    ended = 0
    for session in UserSession.objects.filter(user_id=user.pk):
        if session.session_key != but:
            session.end()
            ended += 1
    announce_access_change(user.organisation_id)
    return ended


def listen() -> None:
    """Listen to log-ins, log-outs and changes of how somebody logs in.

    A session begun with the old password alone must not outlive the reason it was changed for.
    """
    for signal in (authenticator_added, password_changed, password_set, password_reset):
        signal.connect(_end_others, dispatch_uid="portal.accounts")
    user_logged_in.connect(note_log_in, dispatch_uid="portal.accounts")
    user_logged_out.connect(_notify_of_log_out, dispatch_uid="portal.accounts")
    authenticator_removed.connect(_forget_enrolment, dispatch_uid="portal.accounts")


def _end_others(*, request: HttpRequest, user: User, **_: Any) -> None:
    mine = request.session.session_key if request.user.is_authenticated else None
    end_sessions(user, but=mine)


def _notify_of_log_out(*, user: User | None, **_: Any) -> None:
    if user is not None:
        announce_access_change(user.organisation_id)


def _forget_enrolment(*, request: HttpRequest, **_: Any) -> None:
    forget_enrolment(request)
