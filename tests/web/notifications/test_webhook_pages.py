"""The pages about webhooks: made by an administrator, the secret shown once, and nobody else's."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from notifications.models import WebhookEndpoint
from notifications.webhooks import delivering, managing
from portal.identity.scope import Scope
from portal.kernel.references import reference_of
from tests.factories import UserFactory
from tests.integration.receiving import receiving
from tests.web.forms import fields_in

pytestmark = [pytest.mark.django_db]
PATH = "/notifications/webhooks/"


@pytest.fixture
def admin(seat):
    return seat("supplier")


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


def add_webhook(admin, receiver, **more):
    typed = {"name": "CRM", "url": receiver.url, "batch_size": 100, **more}
    answer = admin.post(f"{PATH}new/", typed, follow=True)
    assert answer.status_code == 200, answer.content
    return WebhookEndpoint.objects.get(), answer.content.decode()


def test_a_webhook_is_made_and_its_secret_shown_once(admin, receiver):
    empty = admin.get(PATH)
    webhook, page = add_webhook(admin, receiver, kinds=["3", "5"])

    secret = re.search(r"data-webhook-secret>([^<]+)<", page)

    assert "Nothing is delivered yet" in empty.content.decode()
    assert secret
    assert secret[1].startswith("whsec_")
    assert secret[1] not in admin.get(f"{PATH}{reference_of(webhook.pk, 'webhook')}/").content.decode()
    assert webhook.kinds == [3, 5]
    assert "hub.activated" in admin.get(PATH).content.decode()


def test_an_address_that_cannot_be_called_is_told_beside_its_field(admin, receiver, settings):
    settings.WEBHOOK_NETWORKS_INSIDE = []

    answer = admin.post(f"{PATH}new/", {"name": "CRM", "url": "http://crm.example/", "batch_size": 1})

    assert answer.status_code == 422
    assert "Only https:// addresses are called." in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_it_is_tested_changed_paused_enabled_rotated_replayed_and_removed(admin, receiver):
    webhook, _ = add_webhook(admin, receiver)
    own = f"{PATH}{reference_of(webhook.pk, 'webhook')}/"

    waiting = admin.post(f"{own}ping/", follow=True).content.decode()
    delivering.send_ping(now=datetime.now(UTC))
    tested = admin.get(own).content.decode()
    admin.post(own, {"name": "Other", "url": receiver.url, "batch_size": 7})
    admin.post(f"{own}pause/")
    paused = WebhookEndpoint.objects.get()
    admin.post(f"{own}enable/")
    rotated = admin.post(f"{own}rotate/", follow=True).content.decode()
    replayed = admin.post(f"{own}replay/", {"after": "0"}, follow=True).content.decode()
    refused = admin.post(f"{own}replay/", {"after": "9"})
    unknown = admin.post(f"{own}explode/")

    assert "On its way" in waiting
    assert "Delivered</" in tested
    assert "204" in tested
    assert (paused.name, paused.batch_size, paused.state) == ("Other", 7, "PAUSED")
    assert WebhookEndpoint.objects.get().state == "ENABLED"
    assert "Former" in rotated
    assert "data-webhook-secret" in rotated
    assert "everything after position 0" in replayed
    assert refused.status_code == 422
    assert unknown.status_code == 404
    admin.post(f"{own}remove/")
    assert not WebhookEndpoint.objects.exists()


def test_a_failed_test_says_what_came_of_it(admin):
    with receiving() as gone:
        webhook, _ = add_webhook(admin, gone)

    admin.post(f"{PATH}{reference_of(webhook.pk, 'webhook')}/ping/")
    delivering.send_ping(now=datetime.now(UTC))

    assert "Not reached" in admin.get(f"{PATH}{reference_of(webhook.pk, 'webhook')}/").content.decode()


def test_another_organisation_finds_nothing_there(admin, seat, receiver):
    webhook, _ = add_webhook(admin, receiver)
    stranger = seat("other")
    own = f"{PATH}{reference_of(webhook.pk, 'webhook')}/"

    answers = [stranger.get(own), stranger.post(own, {"name": "mine"})]
    answers += [stranger.post(f"{own}{act}/") for act in ("ping", "rotate", "pause", "replay", "remove")]

    assert {answer.status_code for answer in answers} == {404}
    assert WebhookEndpoint.objects.get().name == "CRM"
    assert "CRM" not in stranger.get(PATH).content.decode()
    assert receiver.calls == 0


def test_people_who_do_not_administer_are_kept_out(world, client):
    client.force_login(UserFactory(organisation=world.supplier, roles=["SUPPLIER_ANALYST"]))

    assert client.get(PATH).status_code == 403


def test_the_list_takes_as_many_statements_for_twenty_as_for_one(world, admin, statements):
    scope, now = Scope.of(world.supplier_user), datetime.now(UTC)

    def make_some(number):
        for _ in range(number):
            managing.create_webhook(scope, name="CRM", url="http://127.0.0.1:9/x", now=now)

    make_some(1)
    each = statements(admin, PATH)
    make_some(18)

    assert statements(admin, PATH) == each


def test_a_stale_form_keeps_the_address_somebody_else_has_set(admin, receiver):
    webhook, _ = add_webhook(admin, receiver, kinds=["3", "5"])
    url = f"{PATH}{reference_of(webhook.pk, 'webhook')}/"
    mine, theirs = fields_in(admin.get(url), ".decide"), fields_in(admin.get(url), ".decide")
    admin.post(url, {**theirs, "url": f"{receiver.url}other"})

    admin.post(url, {**mine, "name": "Billing", "kinds": ["5"]})

    webhook.refresh_from_db()
    assert (webhook.url, webhook.name, webhook.kinds) == (f"{receiver.url}other", "Billing", [5])
    answer = admin.post(url, {**mine, "url": f"{receiver.url}mine"})
    webhook.refresh_from_db()
    assert answer.status_code == 409
    assert f"changed this to “{receiver.url}other”" in answer.content.decode()
    assert webhook.url == f"{receiver.url}other"


def test_a_refused_replay_leaves_the_ticked_kinds_of_the_page_as_they_are(admin, receiver):
    webhook, _ = add_webhook(admin, receiver, kinds=["3", "5"])

    refused = admin.post(
        f"{PATH}{reference_of(webhook.pk, 'webhook')}/replay/", {"since": "31/10/2027 01:30"}
    )

    assert refused.status_code == 422
    assert "01:30 comes twice" in refused.content.decode()
    admin.post(f"{PATH}{reference_of(webhook.pk, 'webhook')}/", fields_in(refused, ".decide"))
    webhook.refresh_from_db()
    assert webhook.kinds == [3, 5]


def test_it_may_be_for_some_rollouts_and_regions_alone(admin, receiver):
    webhook, page = add_webhook(admin, receiver, rollout_ids="19, 17 17", regions=["1", "3"])
    own = f"{PATH}{reference_of(webhook.pk, 'webhook')}/"
    typed = {**fields_in(admin.get(own), ".decide"), "kinds": [], "regions": ["3"], "rollout_ids": "19"}

    shown = admin.get(PATH).content.decode()
    refused = [admin.post(own, {**typed, "rollout_ids": bad}) for bad in ("x", "0", "1" * 10, "1 " * 101)]
    admin.post(own, typed)

    assert (webhook.rollout_ids, webhook.regions) == ([17, 19], [1, 3])
    assert "of rollout 17, 19 only" in shown
    assert "of hubs in North, South only" in shown
    assert 'value="17, 19"' in page
    assert {answer.status_code for answer in refused} == {422}
    changed = WebhookEndpoint.objects.get()
    assert (changed.rollout_ids, changed.regions) == ([19], [3])
