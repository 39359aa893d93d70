"""A webhook that delivers the messages of a User ID fits every screen and is accessible."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connections

from notifications.webhooks import managing
from portal.identity.models import User
from portal.kernel.references import reference_of
from tests.integration.receiving import receiving
from tests.service_requests.conftest import _configured, authority, stage  # noqa: F401 - fixtures
from tests.service_requests.messages import USER, update
from tests.service_requests.reporting import push

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def now():
    return datetime.now(UTC)


def _push_all() -> None:
    try:
        push(datetime.now(UTC))
    finally:
        connections.close_all()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_pages_of_pushed_messages_fit_and_are_accessible(
    live_server,
    open_page,
    log_in,
    axe,
    fits,
    stage,  # noqa: F811
    now,
    width,
):
    with receiving(read=lambda body: [body], answer=lambda call: 204 if call > 1 else 503) as receiver:
        made = managing.create_webhook(
            stage.supplier.admin, name="Messages", url=receiver.url, user_id=USER, now=now
        )
        stage.supplier.send(update([stage.guid(0)]))
        with ThreadPoolExecutor(1) as apart:  # from the event loop of the browser
            apart.submit(_push_all).result()
    page = open_page(width=width)
    log_in(page, User.objects.get(pk=stage.supplier.admin.user_id))

    for path in ("new/", "", f"{reference_of(made.webhook_id, 'webhook')}/"):
        page.goto(f"{live_server.url}/notifications/webhooks/{path}")

        axe(page)
        fits(page)
        assert "Service Request messages for" in page.locator("main").inner_text()
