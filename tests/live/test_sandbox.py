"""The sandbox: a test client moves the clock and lets its own hubs tell things; nobody else, nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.core.management import call_command

from demo.sandbox.acting import FARTHEST
from demo.seed import sandbox
from demo.seed.sandbox import SANDBOX_SUPPLIER
from hubsim.clock import SimulatedClock
from hubsim.estate import build_estate
from hubsim.profile import preset
from hubsim.server import App
from hubsim.simulator import HubSimulator
from portal.accounts.clients import NewSecret
from portal.events import naming, sequencer
from portal.identity.models import ApiClient
from portal.identity.tokens import issue_token
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.kernel.models import BusinessClock
from rollouts import services
from tests.factories import make_rollout, make_world
from tests.hubsim.two_sides import serving
from tests.integration.clients import Calls, token_for
from tests.integration.dispatching import settle
from tests.live.conftest import ROOT

CLOCK, ALERTS = "/api/v1/sandbox/clock", "/api/v1/sandbox/alerts"
pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.live.sandbox_urls"),
]


@pytest.fixture
def simulator():
    """The simulated CSPs, as a demonstration has them."""
    tokens = {name: f"{name}-token" for name in ("north", "central", "fourg")}
    simulated = HubSimulator(
        build_estate(hubs=10, seed=1),
        seed=1,
        profile=preset("calm"),
        portal_url="http://127.0.0.1:1",
        tokens=tokens,
        clock=SimulatedClock(),
        run=1,
    )
    with serving(App(simulated, tokens=["secret"]), lifespan="on") as url:
        yield url


@pytest.fixture
def world(transactional_db, settings, live_server, simulator, no_subscribers):
    naming.forget_names()
    settings.DEMO = True
    settings.PORTAL_URL = live_server.url
    settings.CSP_BASE_URL, settings.CSP_TOKEN = simulator, "secret"
    settings.HUBSIM_TOKENS = "north=x,central=central-token,fourg=x"
    made = make_world()
    made.supplier.name = SANDBOX_SUPPLIER
    made.supplier.save(update_fields=["name"])
    made.supplier_user.organisation.name = SANDBOX_SUPPLIER
    issue_token(made.csp, name="hubsim", now=datetime.now(UTC), secret="central-token")
    yield made
    BusinessClock.objects.all().delete()
    clock._Cache.read_at = float("-inf")


@pytest.fixture
def calls(world):
    return Calls.of(world.supplier_user)


def guid(world, number):
    return str(Guid.from_db(world.guid(number)))


@pytest.mark.requirement("R6.2")
def test_a_test_client_moves_the_clock_of_portal_and_hubs_together(calls, simulator):
    before = calls.get(CLOCK).json()
    later = datetime.now(UTC) + timedelta(days=30)

    moved = calls.send("put", CLOCK, {"now": later.isoformat(), "rate": 60})
    faster = calls.send("put", CLOCK, {"rate": 0})
    hubs = httpx.get(f"{simulator}/clock", trust_env=False).json()

    assert before["rate"] == 1
    assert (moved.status_code, moved.json()["rate"]) == (200, 60)
    assert clock.now() - later >= timedelta(0)
    assert faster.json()["rate"] == hubs["rate"] == 0
    assert datetime.fromisoformat(hubs["business_at"]) - clock.now() < timedelta(seconds=1)


def test_time_never_goes_back_nor_too_far(calls):
    now = datetime.now(UTC)
    back = calls.send("put", CLOCK, {"now": (now - timedelta(hours=1)).isoformat()})
    far = calls.send("put", CLOCK, {"now": (now + FARTHEST + timedelta(days=1)).isoformat()})
    wild = calls.send("put", CLOCK, {"rate": 1e9})

    assert [answer.status_code for answer in (back, far, wild)] == [422, 422, 422]
    assert clock.current_reading() is None


def test_without_the_simulated_csps_the_clock_stands(calls, settings):
    settings.CSP_BASE_URL = "http://127.0.0.1:1"

    answer = calls.send("put", CLOCK, {"rate": 60})

    assert (answer.status_code, answer.json()["code"]) == (503, "sandbox_unreachable")
    assert clock.current_reading() is None


@pytest.mark.requirement("R6.2", "R6.3")
def test_a_hub_of_its_own_tells_something_and_the_event_comes(world, calls):
    rollout = make_rollout(world, now=datetime.now(UTC))
    settle(rollout, state=50, where=f"guid = {world.guid(0)}")

    sent = calls.send(
        "post", ALERTS, {"guid": guid(world, 0), "alert": "ACTIVATED", "firmware_version": "0C230000"}
    )
    services.apply_waiting(now=datetime.now(UTC))
    sequencer.sequence_all()
    events = calls.get("/api/v1/events").json()["items"]

    assert sent.status_code == 202, sent.content
    assert "portal.hub.activated" in [event["type"] for event in events]
    assert calls.get(f"/api/v1/hubs/{guid(world, 0)}").json()["firmware_version"] == "0C230000"


def test_hubs_of_others_are_not_there_and_others_have_no_sandbox(world, calls):
    alert = {"alert": "VERSION_READ", "firmware_version": "0C230000"}
    answers = [
        calls.send("post", ALERTS, {"guid": guid(world, 17), **alert}),
        calls.send("post", ALERTS, {"guid": "00-00-00-00-00-00-00-01", **alert}),
        calls.send("post", ALERTS, {"guid": guid(world, 0), "alert": "VERSION_READ"}),
    ]
    theirs = Calls.of(world.other_user)
    refused = [
        theirs.get(CLOCK),
        theirs.send("put", CLOCK, {"rate": 60}),
        theirs.send("post", ALERTS, {"guid": guid(world, 17), **alert}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 422]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert clock.current_reading() is None


def test_no_person_moves_the_clock(world, client):
    client.force_login(world.supplier_user)

    answer = client.put(CLOCK, '{"rate": 60}', content_type="application/json")

    assert answer.status_code == 403


@pytest.mark.parametrize(("demo", "there"), [("", "False"), ("1", "True")])
def test_only_a_demonstration_can_be_a_sandbox(demo, there):
    variables = {**os.environ, "SANDBOX": "1", "DEMO": demo, "DEBUG": "1", "PYTHONPATH": str(ROOT)}
    variables.pop("PYTEST_VERSION", None)
    words = "from portal.settings import SANDBOX; print(SANDBOX)"

    printed = subprocess.run(
        [sys.executable, "-c", words], env=variables, capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == there


@pytest.mark.urls("portal.urls")
@pytest.mark.parametrize("path", [CLOCK, ALERTS])
def test_elsewhere_there_is_none(calls, path):
    assert calls.get(path).status_code == 404


def test_a_demonstration_gives_a_client_that_is_ready_with_a_small_estate_of_its_own(
    transactional_db, settings, tmp_path, no_subscribers, capsys
):
    settings.DEMO = settings.SANDBOX = True
    settings.VAR_DIR, settings.STREAM_ORIGIN = tmp_path, ["http://127.0.0.1:8001"]
    settings.HUBSIM_TOKENS = "north=x,central=y,fourg=z"

    for _ in range(2):  # the second time adds nothing
        call_command("seed_demo", hubs=200, estate_only=True)
    printed = capsys.readouterr().out
    variables = dict(
        line.removeprefix("export ").split("=", 1) for line in sandbox.client_file().read_text().splitlines()
    )
    made = NewSecret(variables["CRM_CLIENT_ID"], variables["CRM_CLIENT_SECRET"])
    hubs = Calls(token_for(made)).get("/api/v1/estate", limit=100).json()["items"]

    assert len(hubs) == 24
    assert ApiClient.objects.filter(organisation__name=SANDBOX_SUPPLIER).count() == 1
    assert f"client {made.client_id}  secret: {made.secret}" in printed
    assert variables["PORTAL_STREAM_URL"] == "http://127.0.0.1:8001"
    assert sandbox.client_file().stat().st_mode & 0o077 == 0
