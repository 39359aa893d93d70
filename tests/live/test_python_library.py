"""The Python package of clients/python against the running portal, as a program that installs it uses it."""

from __future__ import annotations

import importlib
import itertools
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import orjson
import pytest
from standardwebhooks import Webhook as StandardWebhook

from notifications.webhooks import delivering
from portal.accounts.clients import revoke_client
from portal.events import naming, sequencer, wakeups
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.guid import Guid
from rollouts.models import Instruction
from tests.factories import make_rollout, make_world
from tests.integration.clients import client_for
from tests.integration.streaming import streaming
from tests.libraries import python_library

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def library():
    return python_library()


def operation(library, area, name):
    return importlib.import_module(f"{library.__name__}.generated.api.{area}.{name}")


@pytest.fixture
def stage(transactional_db, settings, valkey_url, live_server, library, fresh_cache):
    settings.REDIS_URL = valkey_url
    settings.FEED_FOLLOWERS = []
    settings.EVENT_SUBSCRIBERS = []
    wakeups._client.cache_clear()
    naming.forget_names()
    world = make_world()
    rollout = make_rollout(world, now=datetime.now(UTC))
    made = client_for(world.supplier_user)
    with (
        streaming() as stream_url,
        library.Portal(live_server.url, made.client_id, made.secret, stream_url=stream_url) as portal,
    ):
        yield SimpleNamespace(world=world, rollout=rollout, made=made, portal=portal, url=live_server.url)
    wakeups._client.cache_clear()
    naming.forget_names()


def guid(stage, number):
    return str(Guid.from_db(stage.world.guid(number)))


def happen(stage, *numbers):
    FeedOutbox.objects.bulk_create(
        FeedOutbox(
            guid=stage.world.guid(number),
            at=datetime.now(UTC),
            party_id=stage.world.supplier.pk,
            version_id=stage.world.target.pk,
            kind=EntryKind.HUB_ACTIVATED,
        )
        for number in numbers
    )
    sequencer.sequence_all()


@pytest.mark.requirement("R6.2")
def test_lists_are_read_to_their_end_with_types(stage, library):
    rollouts = list(stage.portal.each(operation(library, "rollouts", "list_rollouts").sync, limit=1))
    paged = list(stage.portal.each(operation(library, "estate", "list_estate").sync, limit=3))
    streamed = list(stage.portal.estate(region="CENTRAL"))
    rollout = stage.portal.call(operation(library, "rollouts", "get_rollout").sync, stage.rollout.pk)

    assert [each.id for each in rollouts] == [stage.rollout.pk]
    assert [hub.guid for hub in paged] == [hub.guid for hub in streamed]
    assert len(paged) == 16
    assert rollout.cutoff_at == stage.rollout.cutoff_at


@pytest.mark.requirement("R4.2", "R6.2")
def test_a_file_is_tried_and_then_instructed_in_chunks_and_its_receipt_followed_up(
    stage, library, server, port, tmp_path
):
    file = tmp_path / "hubs.csv"
    file.write_text("guid\n" + "".join(f"{guid(stage, number)}\n" for number in (0, 1, 17)) + "nonsense\n")
    at = datetime.now(UTC) + timedelta(days=60)

    with library.Portal(f"http://127.0.0.1:{port}", stage.made.client_id, stage.made.secret) as portal:
        tried = portal.dry_run(stage.rollout.pk, file, activate_at=at)
        none_yet = Instruction.objects.count()
        given = portal.finished(portal.instruct(stage.rollout.pk, file, activate_at=at, key="k-1"))
        again = portal.instruct(stage.rollout.pk, file, activate_at=at, key="k-1")
        hubs = [hub.guid for hub in portal.instruction_hubs(given.reference)]
        lines = [(line.line, line.reason) for line in portal.rejections(given.reference)]

    assert (tried.accepted, tried.rejected, none_yet) == (2, 2, 0)
    assert (given.accepted, given.rejected, given.reference) == (2, 2, again.reference)
    assert Instruction.objects.get().activate_at == at
    assert hubs == [guid(stage, 0), guid(stage, 1)]
    assert lines == [(4, "UNKNOWN_DEVICE"), (5, "MALFORMED_ID")]


def test_what_is_refused_says_why(stage, library):
    stage.portal.instruct(stage.rollout.pk, [guid(stage, 0)], key="k-1")

    with pytest.raises(library.Refused) as other:
        stage.portal.instruct(stage.rollout.pk, [guid(stage, 1)], key="k-1")
    with pytest.raises(library.Refused) as missing:
        stage.portal.call(operation(library, "rollouts", "get_rollout").sync, 999_999)

    assert (other.value.status, other.value.code) == (422, "idempotency_key_reused")
    assert (missing.value.status, missing.value.code, missing.value.is_temporary) == (404, "not_found", False)
    assert missing.value.request_id


@pytest.mark.requirement("R6.3")
def test_the_same_events_come_by_poll_and_by_stream_from_a_cursor_that_is_kept(stage, library, tmp_path):
    happen(stage, 0, 1, 2)
    cursor = library.FileCursor(tmp_path / "position")
    until = threading.Event()

    polled = next(library.follow(stage.portal, cursor, wait=0))
    cursor.save(polled.position)
    happen(stage, 3, 4)
    streamed = list(itertools.islice(library.follow(stage.portal, cursor, by="stream", until=until), 2))

    assert [event.id for event in polled.events] == ["1", "2", "3"]
    assert [event.id for batch in streamed for event in batch.events] == ["4", "5"]
    assert {event.type_ for event in polled.events} == {"portal.hub.activated"}
    assert polled.events[0].data.firmware_version == "0C230000"
    assert cursor.load() == 4, "the last one may not have been dealt with"
    chosen = next(library.follow(stage.portal, library.MemoryCursor(0), rollout_id=stage.rollout.pk, wait=0))
    assert (chosen.events, chosen.position) == ([], 5)


def test_where_there_is_no_stream_it_says_so(stage, library):
    with (
        library.Portal(stage.url, stage.made.client_id, stage.made.secret) as portal,
        pytest.raises(library.NoStream, match="stream_url"),
    ):
        next(library.follow(portal, library.MemoryCursor(0), by="stream"))


def test_webhooks_are_managed_and_their_calls_verified(stage, library, settings):
    models = importlib.import_module("firmware_portal.generated.models")
    calls = []
    settings.WEBHOOK_NETWORKS_INSIDE = ["127.0.0.0/8"]
    with receiver(calls) as url:
        new = models.NewWebhookInput(name="CRM", url=url)
        made = stage.portal.call(operation(library, "webhooks", "create_webhook").sync, body=new)
        happen(stage, 5)
        delivering.deliver_due(seconds=5, lanes=1)
    (headers, body) = calls[0]
    secret = made.secret
    forged = StandardWebhook("whsec_" + "bm90IGl0cyBzZWNyZXQ=").sign("m", datetime.now(UTC), body.decode())

    events = library.Webhook(["whsec_b2xkZXI=", secret]).events(headers, body)

    assert [event.data.guid for event in events] == [guid(stage, 5)]
    assert StandardWebhook(secret).verify(body, headers) == orjson.loads(body)
    for bad in ({**headers, "webhook-signature": forged}, {**headers, "webhook-timestamp": "1"}, {}):
        with pytest.raises(library.NotGenuine):
            library.Webhook([secret]).events(bad, body)


class receiver:  # noqa: N801 - a block
    """A receiver of webhooks that keeps what it is sent."""

    def __init__(self, calls):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join(10)
        self.server.server_close()


class Counting(httpx.HTTPTransport):
    """Travels as usual, and counts; answers of its own first."""

    def __init__(self, *first):
        super().__init__()
        self.first = list(first)
        self.calls = []

    def handle_request(self, request):
        self.calls.append(request.url.path)
        if self.first and request.url.path != "/oauth/token":
            answer = self.first.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return super().handle_request(request)


def portal_by(stage, library, travels, **more):
    more = {"secret": stage.made.secret, **more}
    return library.Portal(stage.url, stage.made.client_id, transport=travels, **more)


def test_a_dead_secret_is_shown_once(stage, library):
    revoke_client(stage.world.as_supplier, client_id=stage.made.client_id, now=datetime.now(UTC))
    travels = Counting()

    with portal_by(stage, library, travels) as portal:
        for _ in range(20):
            with pytest.raises(library.AccessRefused, match="invalid_client"):
                next(library.follow(portal, library.MemoryCursor()))

    assert travels.calls == ["/oauth/token"]


def test_a_token_that_counts_no_more_is_replaced_and_nothing_is_lost(stage, library):
    travels = Counting()
    hubs = [guid(stage, 0)]
    with portal_by(stage, library, travels) as portal:
        list(portal.each(operation(library, "rollouts", "list_rollouts").sync))
        token = portal.http.auth._token
        httpx.post(
            f"{stage.url}/oauth/revoke",
            data={"token": token},
            auth=(stage.made.client_id, stage.made.secret),
            trust_env=False,
        )
        given = portal.instruct(stage.rollout.pk, hubs)

    assert given.accepted == 1
    assert travels.calls.count("/oauth/token") == 2


def test_429_is_waited_out_and_what_is_not_safe_is_not_sent_again(stage, library):
    busy = httpx.Response(429, headers={"Retry-After": "0"})
    lost = httpx.ReadError("gone")
    hubs = [guid(stage, 0)]
    waiting, safe, unsafe = Counting(busy, busy), Counting(lost), Counting(lost)
    rollouts = operation(library, "rollouts", "list_rollouts").sync

    with portal_by(stage, library, waiting) as portal:
        given = portal.instruct(stage.rollout.pk, hubs)
    with portal_by(stage, library, safe) as portal:
        read = list(portal.each(rollouts))
    with portal_by(stage, library, unsafe) as portal, pytest.raises(httpx.ReadError):
        portal.dry_run(stage.rollout.pk, hubs)

    assert (given.accepted, len(read)) == (1, 1)
    assert len(waiting.calls) == 4
    assert len(safe.calls) == 3
    assert len(unsafe.calls) == 2


def test_a_portal_that_is_always_busy_is_not_asked_for_ever(stage, library):
    busy = [httpx.Response(429, headers={"Retry-After": "60"}) for _ in range(3)]
    travels = Counting(*busy)

    with portal_by(stage, library, travels, patience=1) as portal, pytest.raises(library.Refused) as refused:
        list(portal.each(operation(library, "rollouts", "list_rollouts").sync))

    assert (refused.value.status, refused.value.is_temporary) == (429, True)
