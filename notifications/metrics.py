"""How the deliveries of webhooks go."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Q

from notifications.models import WebhookEndpoint
from portal.kernel.metrics import Metric


def metrics() -> Iterator[Metric]:
    """Yield how many endpoints are in each state, and how many of them fail at present."""
    counts = WebhookEndpoint.objects.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in WebhookEndpoint.State},
        failing=Count("pk", filter=Q(state=WebhookEndpoint.State.ENABLED, failing_since__isnull=False)),
    )
    failing = counts.pop("failing")
    for state, endpoints in counts.items():
        yield Metric(
            "notifications_webhooks", "Webhook endpoints by state", endpoints, {"state": state.lower()}
        )
    yield Metric(
        "notifications_webhooks_failing", "Enabled webhook endpoints whose last call failed", failing
    )
