"""A person's calendar of deadlines: its secret address, made and taken back."""

from __future__ import annotations

import secrets
from datetime import datetime

from portal.identity.scope import Scope
from portal.kernel.refusals import NotPermitted
from portal.kernel.transactions import unit_of_work
from rollouts.models import CalendarFeed


@unit_of_work
def open_calendar(scope: Scope, *, now: datetime) -> str:
    """Give a person's calendar a new address, and end the old one; return the token in it, kept nowhere.

    Raises:
        NotPermitted: only a person has a calendar.
    """
    if scope.user_id is None:
        raise NotPermitted("Only a person has a calendar.")
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.bulk_create(
        [CalendarFeed(user_id=scope.user_id, digest=CalendarFeed.digest_of(token), opened_at=now)],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["digest", "opened_at"],
    )
    return token


@unit_of_work
def close_calendar(scope: Scope) -> None:
    """End the address of a person's calendar; programs that follow it get nothing more."""
    CalendarFeed.objects.filter(user_id=scope.user_id or 0).delete()
