"""Open pages follow what happens: within a second, once a second, and not while nobody looks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from portal.events import sequencer, wakeups
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.kernel import sql
from portal.kernel.transactions import unit_of_work
from rollouts import services
from rollouts.services import HubList, IncidentAccount
from tests.browser.scenes import make_scene
from tests.integration.streaming import streaming

pytestmark = pytest.mark.django_db(transaction=True)

HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => hidden ? 'hidden' : 'visible' })
  document.dispatchEvent(new Event('visibilitychange'))
}"""


@pytest.fixture
def stream(settings, valkey_url, live_server):
    """The stream, served; pages may follow it."""
    settings.REDIS_URL = valkey_url
    settings.FEED_FOLLOWERS = []
    wakeups._client.cache_clear()
    with streaming() as address:
        origin = f"http://localhost:{urlsplit(address).port}"
        settings.STREAM_ORIGIN = [origin]
        settings.STREAM_PAGES = [live_server.url]
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        allowed = {**directives, "connect-src": [*directives["connect-src"], origin]}
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": allowed}
        yield address
    wakeups._client.cache_clear()


@pytest.fixture
def scene(stream):
    scene = make_scene(now=datetime.now(UTC))
    sequencer.sequence_all(seconds=20)
    return scene


@unit_of_work
def activate(scene, *numbers: int) -> None:
    """Let some hubs of the moving rollout be activated, and tell their Supplier."""
    moved = sql.run(
        "UPDATE rollouts_target SET state = 60 WHERE rollout_id = %(id)s AND state = 50 AND guid IN ("
        " SELECT guid FROM rollouts_target WHERE rollout_id = %(id)s AND state = 50"
        " AND %(me)s IN (import_supplier_id, gas_supplier_id) ORDER BY guid LIMIT %(n)s)",
        {"id": scene.moving.pk, "me": scene.world.supplier.pk, "n": len(numbers)},
    )
    assert moved == len(numbers)
    publish_entries(
        EntryKind.RULE_RAN,
        parties=[scene.world.supplier.pk],
        rollout_id=scene.moving.pk,
        at=datetime.now(UTC),
        data={"name": "Activated"},
    )


def activated(page) -> int:
    tile = page.locator("#live .tile", has_text="Activated").first
    return int(tile.locator(".tile__value").inner_text().splitlines()[0].replace(",", ""))


def counted(page) -> list[str]:
    """Count what the page asks for from now on."""
    requested: list[str] = []
    page.on("request", lambda each: requested.append(each.url) if "hx-request" in each.headers else None)
    return requested


def followed(page, url: str) -> None:
    page.goto(url)
    page.locator(".is-live[data-live=on]").wait_for()


@pytest.mark.requirement("R6.4")
def test_numbers_follow_within_a_second_without_losing_the_reader_s_place(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    followed(page, f"{live_server.url}/rollouts/{scene.moving.pk}/")
    before = activated(page)
    part = page.locator("#live")
    part.locator("summary").first.click()
    part.locator("summary").first.focus()
    page.wait_for_timeout(1_100)

    activate(scene, 1, 2)
    began = time.monotonic()
    sequencer.sequence_all(seconds=20)
    page.locator("#live .tile__value", has_text=str(before + 2)).first.wait_for()

    assert time.monotonic() - began < 1.5  # on a machine that does other things as well
    assert activated(page) == before + 2
    assert part.locator("details[open]").count() == 1
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.locator("#unread-count").inner_text() != ""


@pytest.mark.requirement("R6.4")
def test_a_storm_of_events_refreshes_a_page_once_a_second(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    followed(page, f"{live_server.url}/")
    requests = counted(page)
    began = time.monotonic()

    while time.monotonic() - began < 3:
        activate(scene)
        sequencer.sequence_all(seconds=20)
    page.wait_for_timeout(1_200)

    assert 2 <= len(requests) <= 5
    assert page.locator("h1").count() == 1
    assert page.locator("#board").count() == 1


@pytest.mark.requirement("R6.4")
def test_a_hidden_tab_rests_and_catches_up_when_it_is_looked_at(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    followed(page, f"{live_server.url}/rollouts/{scene.moving.pk}/")
    before = activated(page)
    requests = counted(page)
    page.evaluate(HIDE, arg=True)
    activate(scene, 1)
    sequencer.sequence_all(seconds=20)
    page.wait_for_timeout(1_500)
    assert requests == []

    page.evaluate(HIDE, arg=False)

    page.locator("#live .tile__value", has_text=str(before + 1)).first.wait_for()
    assert len(requests) <= 2


@pytest.mark.requirement("R6.4")
def test_a_page_whose_line_was_cut_comes_back_to_what_happened_meanwhile(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    followed(page, f"{live_server.url}/rollouts/{scene.moving.pk}/")
    before = activated(page)
    page.context.set_offline(True)
    page.evaluate("document.body.dispatchEvent(new Event('offline'))")
    activate(scene, 1)
    sequencer.sequence_all(seconds=20)
    page.wait_for_timeout(300)

    page.context.set_offline(False)

    page.locator("#live .tile__value", has_text=str(before + 1)).first.wait_for()
    page.locator(".is-live[data-live=on]").wait_for()


@pytest.mark.requirement("R6.4")
def test_without_a_stream_a_page_looks_by_itself(live_server, page, log_in, settings):
    settings.STREAM_ORIGIN = []
    scene = make_scene(now=datetime.now(UTC))
    log_in(page, scene.world.supplier_user)
    page.clock.install()
    page.goto(f"{live_server.url}/rollouts/{scene.moving.pk}/")
    before = activated(page)
    activate(scene, 1)

    page.clock.fast_forward(12_000)

    page.locator("#live .tile__value", has_text=str(before + 1)).first.wait_for()
    assert page.locator(".is-live").is_hidden()


@pytest.mark.requirement("R6.4")
def test_what_somebody_has_ticked_is_not_taken_from_under_their_hand(live_server, page, log_in, scene):
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/unmatched-alerts/")
    box = page.locator("#unmatched tbody input[type=checkbox]").first
    box.check()
    requests = counted(page)

    activate(scene)
    sequencer.sequence_all(seconds=20)
    page.wait_for_timeout(2_500)

    assert requests == []
    assert box.is_checked()


@pytest.mark.requirement("R6.4")
def test_eight_windows_of_one_browser_share_one_stream_and_all_follow(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    streams: list[str] = []
    page.context.on("request", lambda each: streams.append(each.url) if "/stream" in each.url else None)
    windows = [page, *(page.context.new_page() for _ in range(7))]
    for window in windows:
        followed(window, f"{live_server.url}/rollouts/{scene.moving.pk}/")
    before = activated(page)

    activate(scene, 1)
    sequencer.sequence_all(seconds=20)

    for window in windows:
        window.locator("#live .tile__value", has_text=str(before + 1)).first.wait_for()
    assert len(streams) == 1


@pytest.mark.requirement("R6.4")
def test_when_the_leading_window_is_closed_another_one_takes_the_stream(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    follower = page.context.new_page()
    for window in (page, follower):
        followed(window, f"{live_server.url}/rollouts/{scene.moving.pk}/")
    before = activated(follower)

    with follower.expect_request(lambda each: "/stream" in each.url):
        page.close()
    activate(scene, 1)
    sequencer.sequence_all(seconds=20)

    follower.locator("#live .tile__value", has_text=str(before + 1)).first.wait_for()


def raise_incident(scene, title: str) -> None:
    services.raise_incident(
        scene.world.as_supplier,
        rollout_id=scene.moving.pk,
        account=IncidentAccount(category=1, title=title),
        source=HubList.from_stored([scene.world.guid(0)]),
        now=datetime.now(UTC),
    )
    sequencer.sequence_all(seconds=20)


@pytest.mark.requirement("R6.4")
def test_focus_stays_on_its_row_when_another_row_comes_before_it(live_server, page, log_in, scene):
    raise_incident(scene, "The first")
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/incidents/")
    link = page.locator("#incidents tbody tr", has_text="The first").locator("a[href]").first
    link.focus()
    where = link.get_attribute("href")

    raise_incident(scene, "Came after it")
    page.locator("#incidents tbody tr", has_text="Came after it").wait_for()

    assert page.evaluate("document.activeElement.getAttribute('href')") == where


def test_a_part_that_is_renewed_each_second_is_read_out_once_in_ten_seconds(page, live_server, log_in, scene):
    log_in(page, scene.world.supplier_user)
    page.clock.install()
    page.goto(f"{live_server.url}/rollouts/{scene.moving.pk}/")
    page.evaluate(
        """() => {
          const part = document.createElement('div')
          part.dataset.announce = ''
          part.innerHTML = '<p class="says">0</p>'
          document.querySelector('main').append(part)
          window.read = []
          new MutationObserver(() => window.read.push(document.getElementById('announcer').textContent))
            .observe(document.getElementById('announcer'), { childList: true })
        }"""
    )
    for second in range(25):
        page.evaluate(
            """(second) => {
              document.querySelector('[data-announce] .says').textContent = `${second} of 25`
              document.body.dispatchEvent(new CustomEvent('htmx:afterSettle', { detail: {} }))
            }""",
            arg=second,
        )
        page.clock.fast_forward(1_000)

    assert 2 <= len(page.evaluate("window.read")) <= 3
    assert page.locator("main [aria-live]:not([data-copied])").count() == 0


@pytest.mark.requirement("R6.4")
def test_a_suspension_reaches_every_part_of_an_open_page(live_server, page, log_in, scene):
    log_in(page, scene.world.supplier_user)
    followed(page, f"{live_server.url}/rollouts/{scene.moving.pk}/")
    main = page.get_by_role("main")
    assert main.locator("a.govuk-button", has_text="Instruct").count() == 1

    services.take_step(
        scene.world.operator,
        rollout_id=scene.moving.pk,
        verb="suspend",
        reason="Hubs restart over and over.",
        now=datetime.now(UTC),
    )
    sequencer.sequence_all(seconds=20)
    main.locator(".page-header .badge", has_text="Suspended").wait_for()

    assert main.locator("a.govuk-button", has_text="Instruct").count() == 0
    assert "Hubs restart over and over." in main.locator(".notice").first.inner_text()
    assert "Nothing activates while the rollout is suspended." in main.inner_text()
    assert "Activations planned, by night" not in main.inner_text()
    assert page.locator(".is-live[data-live=on]").count() == 1
