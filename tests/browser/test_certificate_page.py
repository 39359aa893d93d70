"""The page of Service Requests fits every screen and is accessible, for the Supplier and for the DCC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.identity.models import User
from rollouts import services
from rollouts.rules.identifiers import parse_user_id
from tests.service_requests.conftest import _configured, authority, stage  # noqa: F401 - fixtures
from tests.service_requests.messages import USER, issue, pem, signed, update

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("seat", ["supplier", "dcc"])
def test_certificates_and_messages_fit_and_are_accessible(
    live_server,
    open_page,
    log_in,
    axe,
    fits,
    stage,  # noqa: F811
    now,
    width,
    seat,
):
    services.submit_certificate(
        stage.supplier.admin,
        user_id=parse_user_id(USER),
        pem=pem(issue(USER, stage.authority.root)),
        now=now,
    )
    stage.supplier.post(signed(update([stage.guid(0)], counter=1763640000000), stage.supplier.signer))
    user = (
        User.objects.get(pk=stage.supplier.admin.user_id) if seat == "supplier" else stage.world.operator_user
    )
    page = open_page(width=width)
    log_in(page, user)

    page.goto(f"{live_server.url}/certificates/")

    fits(page)
    axe(page)
    page.get_by_role("link", name="Download request 1763640000000").wait_for()
