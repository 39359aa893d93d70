"""Sweeping up what has ended: tokens, secrets, sessions, and keys of requests long answered."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session

from portal.identity.models import ClientSecret
from portal.kernel import clock
from portal.rest.idempotency import forget_old_keys


@shared_task(name="portal.accounts.tasks.sweep")
def sweep(**_: Any) -> None:
    """Delete tokens, secrets, sessions and keys that have ended; they no longer count, but they pile up."""
    Token.objects.expired().delete()
    ClientSecret.objects.filter(expires_at__lt=clock.now()).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    forget_old_keys(clock.now())
