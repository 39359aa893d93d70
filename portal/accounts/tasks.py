"""Sweeping up what has ended: tokens, assertions, secrets, sessions, and keys of requests long answered."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import structlog
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from celery import Task, shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from kombu.exceptions import OperationalError

from portal.accounts import letters
from portal.identity.models import ClientAssertion, ClientSecret
from portal.kernel import clock
from portal.rest.idempotency import forget_old_keys

log = structlog.get_logger(__name__)


def hand_over(task: Task, email: str) -> None:
    """Have a worker send a letter; while the broker is away none is sent, and the answer is the same."""
    try:
        task.apply_async((email,), retry=False)
    except (OperationalError, OSError) as problem:
        log.warning("letter.not_handed_over", task=task.name, problem=str(problem))


@shared_task(name="portal.accounts.tasks.send_reset", ignore_result=True)
def send_reset(email: str) -> None:
    """Mail the link that sets a new password, if somebody has this address."""
    letters.send_reset(email)


@shared_task(name="portal.accounts.tasks.send_way_in", ignore_result=True)
def send_way_in(email: str) -> None:
    """Mail the way to an organisation's own log-in, if the address belongs to one."""
    letters.send_way_in(email)


@shared_task(name="portal.accounts.tasks.sweep")
def sweep(**_: Any) -> None:
    """Delete tokens, secrets, sessions and keys that have ended; they no longer count, but they pile up."""
    Token.objects.expired().delete()
    ClientAssertion.objects.filter(ends_at__lt=clock.wall()).delete()
    ClientSecret.objects.filter(expires_at__lt=clock.now()).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    forget_old_keys(clock.now())
