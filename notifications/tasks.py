"""Mail that is due."""

from __future__ import annotations

from celery import shared_task

from notifications import services
from portal.kernel import clock


@shared_task(name="notifications.tasks.deliver_mail")
def deliver_mail(**_later: object) -> None:
    """Send what is due; a lost tick costs a minute."""
    services.deliver_mail(now=clock.now())
