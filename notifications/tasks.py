"""Mail and webhooks that are due."""

from __future__ import annotations

from celery import shared_task

from notifications import services
from notifications.webhooks import delivering
from portal.kernel import clock
from portal.recurring.resting import TickTask


@shared_task(name="notifications.tasks.deliver_mail")
def deliver_mail(**_later: object) -> None:
    """Send what is due; a lost tick costs a minute."""
    services.deliver_mail(now=clock.now())


@shared_task(base=TickTask, name="notifications.tasks.deliver_webhooks")
def deliver_webhooks(**_later: object) -> bool:
    """Deliver what is due; a lost ring costs a few seconds."""
    return delivering.deliver_due() > 0


@shared_task(name="notifications.tasks.forget_old_deliveries")
def forget_old_deliveries(**_later: object) -> None:
    """Forget the log of calls that is too old."""
    delivering.forget_old_deliveries(now=clock.wall())
