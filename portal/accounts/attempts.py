"""Who logs in or out and who does not get in, as lines of the log: from where, and not what was typed."""

from __future__ import annotations

import hashlib
from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from portal.identity.models import User

log = structlog.get_logger(__name__)


def listen() -> None:
    """Listen to log-ins, log-outs and failures."""
    user_logged_in.connect(_note_log_in, dispatch_uid="portal.accounts.attempts")
    user_logged_out.connect(_note_log_out, dispatch_uid="portal.accounts.attempts")
    user_login_failed.connect(_note_failure, dispatch_uid="portal.accounts.attempts")


def _note_log_in(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    log.info("account.logged-in", user_id=user.pk, address=_address(request))


def _note_log_out(*, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:
        log.info("account.logged-out", user_id=user.pk, address=_address(request))


def _note_failure(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    # People type passwords where an address belongs: of what was typed a digest is kept, to be compared.
    typed = str(credentials.get("email") or credentials.get("username") or "").lower()
    mailbox = hashlib.sha256(typed.encode("utf-8", "replace")).hexdigest()[:16]
    log.warning("account.log-in-failed", mailbox=mailbox, address=_address(request))


def _address(request: HttpRequest | None) -> str:
    if request is None or "REMOTE_ADDR" not in request.META:
        return ""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:  # no address could be read
        return ""
