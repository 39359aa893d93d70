"""Ringing the worker that delivers, right after entries have got their places."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from notifications.models import WebhookEndpoint
from portal.recurring.ringing import is_full

log = structlog.get_logger(__name__)
TASK: Final = "notifications.tasks.deliver_webhooks"
_KNOWN_SECONDS: Final = 5.0


class _KnownEndpoints:
    """Whose feeds are delivered somewhere, as it was a moment ago."""

    parties: frozenset[int] = frozenset()
    read_at = float("-inf")


def wake_delivery(heads: Mapping[int, int]) -> None:
    """Have entries delivered at once where an organisation has an address; a lost ring costs a second."""
    if time.monotonic() - _KnownEndpoints.read_at > _KNOWN_SECONDS:
        enabled = WebhookEndpoint.objects.filter(state=WebhookEndpoint.State.ENABLED)
        _KnownEndpoints.parties = frozenset(enabled.values_list("organisation_id", flat=True).distinct())
        _KnownEndpoints.read_at = time.monotonic()
    if _KnownEndpoints.parties.isdisjoint(heads):
        return
    try:
        if not is_full(current_app, TASK):
            current_app.send_task(TASK, ignore_result=True)
    except OperationalError as problem:
        log.warning("webhooks.unrung", problem=str(problem))
