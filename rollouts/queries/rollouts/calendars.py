"""Whose calendar of deadlines an address is, and whether a person has one."""

from __future__ import annotations

from datetime import datetime

from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from rollouts.models import CalendarFeed


def calendar_scope(token: str) -> Scope:
    """Return the scope of the person whose calendar has this address, as they may see things now.

    Raises:
        NotFound: no calendar has it, or its person may no longer come in.
    """
    reader = User.objects.select_related("organisation").filter(
        calendar__digest=CalendarFeed.digest_of(token), is_active=True
    )
    for user in reader:
        return Scope.of(user)
    raise NotFound("There is no such calendar.")


def calendar_opened_at(scope: Scope) -> datetime | None:
    """Return since when a person's calendar has its address; none while it has none."""
    own = CalendarFeed.objects.filter(user_id=scope.user_id or 0)
    return next(iter(own.values_list("opened_at", flat=True)), None)
