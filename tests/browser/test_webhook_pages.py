"""A webhook in a real browser, from the empty list to its end: accessible at each step, at both widths."""

from __future__ import annotations

import re

import pytest

from notifications.models import WebhookEndpoint
from portal.identity.roles import Role
from tests.factories import make_world
from tests.integration.receiving import receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_webhook_is_made_tried_paused_and_removed(walk, width):
    world = make_world(hubs=0)
    admin = world.supplier_user
    admin.roles = [Role.SUPPLIER_ADMIN.value, Role.SUPPLIER_ANALYST.value]
    admin.save(update_fields=["roles"])
    walker = walk(width=width)
    walker.log_in(admin)
    page = walker.page

    with receiving() as receiver:
        page.locator(".user-menu summary").click()
        page.get_by_role("link", name="Webhooks").click()
        walker.look("webhooks-none")
        walker.follow("Make a webhook")
        page.get_by_label("Name").fill("Customer system")
        page.get_by_label("Address").fill("not an address")
        walker.press("Make the webhook")
        page.get_by_role("alert").wait_for()
        walker.look("webhook-wrong")
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_text("Hubs, one by one").first.click()
        hubs = page.get_by_role("group", name="Hubs, one by one").last
        hubs.get_by_role("button", name="All").click()
        assert hubs.get_by_role("checkbox", checked=True).count() > 10
        hubs.get_by_role("button", name="None").click()
        page.get_by_label("Hub activated", exact=True).check()
        page.get_by_label("Only these rollouts").fill("17, 19")
        page.get_by_label("4G North", exact=True).check()
        walker.press("Make the webhook")
        page.locator("[data-webhook-secret]").wait_for()
        walker.look("webhook-secret")
        walker.press("Send a test event")
        assert walker.says("A test event is on its way")
        walker.look("webhook-tried")
        walker.press("Pause")
        walker.look("webhook-paused")
    walker.follow("Webhooks", within=page.get_by_role("navigation", name="Breadcrumb"))
    assert walker.says("hub.activated")
    assert walker.says("of rollout 17, 19 only")
    assert walker.says("of hubs in 4G North only")
    walker.look("webhooks")
    walker.follow("Customer system")
    walker.press(re.compile("^Remove"))

    assert not WebhookEndpoint.objects.exists()
