"""Responses and alerts go to a User's own address: as webhooks go, with retry, log and replay."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import delivering, managing, reading
from portal.identity.models import User, UserIdentifier
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput
from rollouts.models import Hub
from rollouts.rules.identifiers import parse_user_id
from tests.integration.receiving import receiving
from tests.service_requests.messages import (
    DCC,
    OTHER_USER,
    USER,
    messages_of,
    position_of,
    read_version,
    update,
)
from tests.service_requests.reporting import push, report, report_reading

pytestmark = pytest.mark.django_db(transaction=True)
SECOND_USER = "90-B3-D5-1F-30-01-00-01"


@contextmanager
def address(stage, sender, *, now, user_id=None, **how):
    """Have an address of a Supplier's, to which its messages are pushed."""
    with receiving(read=lambda body: [body], **how) as receiver:
        made = managing.create_webhook(
            sender.admin, name="XML", url=receiver.url, user_id=user_id or sender.user_id, now=now
        )
        receiver.secret = made.secret
        receiver.webhook_id = made.webhook_id
        yield receiver


def pushed(receiver, stage):
    pages = [body for (body,) in receiver.batches]
    return [message for page in pages for message in messages_of(page, stage.authority.portal)]


@pytest.mark.requirement("R6.6")
def test_responses_and_alerts_are_pushed_in_order_and_each_is_signed(stage, now):
    with address(stage, stage.supplier, now=now) as receiver:
        stage.supplier.send(update([stage.guid(0), stage.guid(17)], counter=5))
        report(stage, now, stage.guid(0), "0x8F66", firmware_version="0C230000")

        push(datetime.now(UTC))

        response, alert = pushed(receiver, stage)
        assert (response.code, response.text("Header/RequestID")) == ("W110101", f"{USER}:{DCC}:5")
        assert alert.text("Body/DCCAlertMessage/DCCAlertCode") == "N64"
        assert {headers["content-type"] for headers in receiver.told} == {"application/xml"}
        fetched = stage.supplier.messages()
        assert [m.text("Header/ResponseID") for m in fetched] == [
            m.text("Header/ResponseID") for m in (response, alert)
        ]


@pytest.mark.requirement("R6.6")
def test_a_refused_page_is_pushed_again_under_the_same_id_and_logged(stage, now):
    with address(stage, stage.supplier, now=now, answer=lambda call: 503 if call == 1 else 204) as receiver:
        stage.supplier.send(update([stage.guid(0)]))

        for later in (0, 20):
            push(datetime.now(UTC) + timedelta(seconds=later))

        assert len(set(receiver.ids)) == 1
        assert len(pushed(receiver, stage)) == 1
        log = reading.deliveries(stage.supplier.admin, receiver.webhook_id).items
        assert [(each.outcome, each.attempt) for each in log] == [("DELIVERED", 2), ("REFUSED", 1)]


@pytest.mark.requirement("R6.6")
def test_messages_are_pushed_again_from_a_position(stage, now):
    with address(stage, stage.supplier, now=now) as receiver:
        stage.supplier.send(update([stage.guid(0)]))
        push(datetime.now(UTC))

        managing.replay(stage.supplier.admin, receiver.webhook_id, after=0, now=now)
        push(datetime.now(UTC))

        first, again = pushed(receiver, stage)
        assert first.text("Header/ResponseID") == again.text("Header/ResponseID")


@pytest.mark.requirement("R6.6")
def test_a_page_says_up_to_where_it_goes_so_that_fetching_goes_on_from_it(stage, now):
    with address(stage, stage.supplier, now=now) as receiver:
        stage.supplier.send(update([stage.guid(0)]))
        push(datetime.now(UTC))
        (page,) = receiver.batches[0]

        stage.supplier.send(update([stage.guid(1)], counter=2))

        (later,) = stage.supplier.messages(after=position_of(page))
        assert str(later.text("Header/ResponseID")).endswith(":2")


@pytest.mark.requirement("R6.6")
def test_what_a_hub_answered_is_pushed(stage, now):
    with address(stage, stage.supplier, now=now) as receiver:
        stage.supplier.send(read_version(stage.guid(0), counter=3))
        report_reading(stage, stage.guid(0), firmware_version="0C220000")

        push(datetime.now(UTC))

        (answer,) = pushed(receiver, stage)
        assert answer.text("Body/ReadFirmwareVersionResult/FirmwareVersion") == "0C220000"


def test_nothing_is_called_where_there_is_no_message(stage, now):
    with address(stage, stage.supplier, now=now) as receiver:
        stage.other.send(update([stage.guid(17)], user=OTHER_USER))
        report(stage, now, stage.guid(17), "0x8F66", firmware_version="0C230000")

        push(datetime.now(UTC))

        assert receiver.calls == 0


def test_a_test_is_a_page_without_messages(stage, now):
    with address(stage, stage.supplier, now=now) as receiver:
        managing.ping(stage.supplier.admin, receiver.webhook_id, now=now)

        assert delivering.send_ping(now=now)

        assert receiver.calls == 1
        assert pushed(receiver, stage) == []


class TestRecipients:
    """One alert for each User ID whose Party answers for the hub in its User Role at that moment (R4.7)."""

    @pytest.fixture
    def gas_user(self, stage):
        """A second User ID of the same Party, as Gas Supplier."""
        UserIdentifier.objects.create(
            organisation=stage.world.supplier, eui64=parse_user_id(SECOND_USER).db, user_role="GS"
        )

    @pytest.mark.requirement("R4.7", "R6.6")
    @pytest.mark.parametrize(
        ("import_is_own", "gas_is_own", "recipients"),
        [(True, True, {USER, SECOND_USER}), (True, False, {USER}), (False, True, {SECOND_USER})],
    )
    def test_the_role_in_which_a_party_answers_for_the_hub_decides(
        self, stage, now, gas_user, import_is_own, gas_is_own, recipients
    ):
        world = stage.world
        Hub.objects.filter(guid=world.guid(0)).update(
            import_supplier=world.supplier if import_is_own else world.other,
            gas_supplier=world.supplier if gas_is_own else world.other,
        )

        report(stage, now, stage.guid(0), "0x8F66", firmware_version="0C230000")

        headers = {
            user
            for user in (USER, SECOND_USER)
            if messages_of(stage.supplier.fetch(user=user).content, stage.authority.portal)
        }
        assert headers == recipients

    @pytest.mark.requirement("R4.7", "R6.6")
    def test_an_alert_is_not_lost_where_no_user_has_the_role(self, stage, now):
        world = stage.world
        Hub.objects.filter(guid=world.guid(0)).update(
            import_supplier=world.other, gas_supplier=world.supplier
        )

        report(stage, now, stage.guid(0), "0x8F66", firmware_version="0C230000")

        assert len(stage.supplier.messages()) == 1

    @pytest.mark.requirement("R6.6")
    def test_another_user_role_gets_no_alert(self, stage, now):
        UserIdentifier.objects.create(
            organisation=stage.world.supplier, eui64=parse_user_id(SECOND_USER).db, user_role="OU"
        )

        report(stage, now, stage.guid(0), "0x8F66", firmware_version="0C230000")

        page = stage.supplier.fetch(user=SECOND_USER).content
        assert messages_of(page, stage.authority.portal) == []

    @pytest.mark.requirement("R6.6")
    def test_responses_go_to_the_user_that_asked(self, stage, gas_user):
        stage.supplier.send(update([stage.guid(0)]))

        page = stage.supplier.fetch(user=SECOND_USER).content

        assert messages_of(page, stage.authority.portal) == []


class TestWhoseAddress:
    def test_no_address_for_the_user_of_another(self, stage, now):
        with receiving() as receiver, pytest.raises(BadInput):
            managing.create_webhook(stage.other.admin, name="XML", url=receiver.url, user_id=USER, now=now)

    def test_messages_are_not_chosen_by_kind(self, stage, now):
        with address(stage, stage.supplier, now=now) as receiver, pytest.raises(BadInput):
            managing.change_webhook(stage.supplier.admin, receiver.webhook_id, kinds=[3], now=now)

    def test_a_user_that_went_to_another_organisation_is_sent_nothing(self, stage, now):
        with address(stage, stage.supplier, now=now) as receiver:
            stage.supplier.send(update([stage.guid(0)]))
            UserIdentifier.objects.filter(eui64=parse_user_id(USER).db).update(organisation=stage.world.third)

            push(datetime.now(UTC))

            assert receiver.calls == 0
            log = reading.deliveries(stage.supplier.admin, receiver.webhook_id).items
            assert [each.outcome for each in log] == [WebhookDelivery.Outcome.UNWRITTEN]
            assert WebhookEndpoint.objects.get().failing_since is not None
            browser = Client()
            browser.force_login(User.objects.get(pk=stage.supplier.admin.user_id))
            page = browser.get(
                f"/notifications/webhooks/{reference_of(receiver.webhook_id, 'webhook')}/"
            ).content.decode()
            assert "no message could be written" in page
            assert "This is no User ID of your organisation." in page

    def test_without_a_key_what_is_due_waits(self, stage, now, settings):
        with address(stage, stage.supplier, now=now) as receiver:
            stage.supplier.send(update([stage.guid(0)]))
            key, settings.SERVICE_REQUEST_KEY_FILE = settings.SERVICE_REQUEST_KEY_FILE, ""
            push(datetime.now(UTC))
            settings.SERVICE_REQUEST_KEY_FILE = key

            push(datetime.now(UTC) + timedelta(seconds=20))

            assert len(pushed(receiver, stage)) == 1


def test_a_system_makes_and_reads_one_over_rest(stage):
    typed = {"name": "XML", "url": "https://93.184.216.34/x", "user_id": USER}

    made = stage.supplier.system.post("/webhooks", typed).json()["webhook"]
    events = stage.supplier.system.patch(f"/webhooks/{made['id']}", {"user_id": ""}).json()
    foreign = stage.supplier.system.post("/webhooks", {**typed, "user_id": OTHER_USER})
    unknown = stage.supplier.system.post("/webhooks", {**typed, "user_id": "90-B3-D5-1F-30-09-00-00"})

    assert (made["user_id"], events["user_id"]) == (USER, None)
    assert (foreign.status_code, foreign.json()["detail"]) == (unknown.status_code, unknown.json()["detail"])
    assert foreign.json()["code"] == "bad_input"


def test_an_administrator_makes_one_on_the_page(stage):
    browser = Client()
    browser.force_login(User.objects.get(pk=stage.supplier.admin.user_id))
    typed = {"name": "XML", "url": "https://93.184.216.34/x", "user_id": USER, "batch_size": "50"}

    offered = browser.get("/notifications/webhooks/new/").content.decode()
    browser.post("/notifications/webhooks/new/", typed)
    page = browser.get("/notifications/webhooks/").content.decode()

    assert f"Service Request messages for {USER}" in offered
    assert OTHER_USER not in offered
    assert "Service Request messages for" in page
    assert WebhookEndpoint.objects.get().user_id == USER
