"""The whole way with hubs at its end: the simulator behind HTTP, its alerts applied, its truth compared."""

from __future__ import annotations

import asyncio
import csv
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import httpx
import pytest
import uvicorn

from hubsim.catalogue import cpl_entries
from hubsim.clock import SimulatedClock
from hubsim.codes import Csp
from hubsim.estate_csv import HEADER, read_estate
from hubsim.profile import preset
from hubsim.server import App
from hubsim.simulator import HubSimulator
from portal.kernel import guid as guids
from rollouts import gateways, services
from rollouts.csp import alert_lines
from rollouts.models import Command, CplEntry, CspChannel, Hub, HubInFlight, Rollout
from rollouts.states import Answer, CommandKind
from tests.factories import make_rollout, make_world
from tests.integration.deciding import decide
from tests.integration.dispatching import dispatch, settle, states

pytestmark = pytest.mark.django_db(transaction=True)

HUBS = 60
SEED = 11


class Postbox:
    """Takes what the simulator posts."""

    def __init__(self):
        self.bodies = []

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@contextmanager
def serving(app, *, lifespan):
    config = uvicorn.Config(app, host="127.0.0.1", port=0, ws="none", lifespan=lifespan, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    ends = time.monotonic() + 10
    while not server.started and time.monotonic() < ends:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Hubs:
    """The simulated hubs of the world, and the alerts they have raised."""

    def __init__(self, world, url, http, clock, postbox):
        self.world, self.url, self.http, self.clock, self.postbox = world, url, http, clock, postbox

    def at(self, business_at):
        """Set the hubs' clock."""
        answer = self.http.post("/clock", json={"business_at": business_at.isoformat(), "rate": 1.0})
        answer.raise_for_status()

    def report(self, now):
        """Let the hubs say all they have to say, and apply it."""
        ends = time.monotonic() + 20
        while not self.http.get("/truth").json()["quiet"]:
            assert time.monotonic() < ends
            time.sleep(0.02)
        self.report_so_far(now)

    def report_so_far(self, now):
        """Apply what has been posted by now."""
        time.sleep(0.2)
        while self.postbox.bodies:
            lines = alert_lines.read(self.postbox.bodies.pop(0))
            assert not lines.problems
            services.receive_alerts(
                csp_id=self.world.csp.pk, copy_text=lines.copy_text, count=lines.count, received_at=now
            )
        services.apply_waiting(now=now)

    def report_until(self, now, holds):
        """Apply what is posted until something holds: what lies ahead keeps hubs from ever being quiet."""
        ends = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < ends
            self.report_so_far(now)

    def versions(self):
        """What each hub truly runs."""
        rows = csv.DictReader(self.http.get("/truth/hubs").text.splitlines())
        return {row["guid"]: row["firmware_version"] for row in rows}


@pytest.fixture
def world(settings):
    settings.EVENT_SUBSCRIBERS = []
    world = make_world(hubs=HUBS)
    genuine = next(e for e in cpl_entries(SEED) if e.firmware.version == "0C230000")
    CplEntry.objects.filter(pk=world.target.pk).update(image_sha256=bytes.fromhex(genuine.hash))
    return world


@pytest.fixture
def hubs(world, now, tmp_path):
    path = tmp_path / "estate.csv"
    with path.open("w", newline="") as file:
        rows = csv.DictWriter(file, HEADER.split(","), restval="")
        rows.writeheader()
        for number in range(HUBS):
            rows.writerow(
                {
                    "guid": guids.format_many([world.guid(number)])[0],
                    "manufacturer": "Toshiba",
                    "model": "433100AC",
                    "hardware_version": "00AC",
                    "firmware_version": "0C220000",
                    "region": "Central",
                    "smi_status": "Commissioned",
                    "han_devices": "3",
                }
            )
    with ExitStack() as stack:
        postbox = Postbox()
        clock = SimulatedClock(business_at=now)
        simulator = HubSimulator(
            read_estate(path),
            seed=SEED,
            profile=preset("instant"),
            portal_url=stack.enter_context(serving(postbox, lifespan="off")),
            tokens=dict.fromkeys(Csp, "csp-token"),
            clock=clock,
            run=1,
        )
        url = stack.enter_context(serving(App(simulator, tokens=["test-token"]), lifespan="on"))
        CspChannel.objects.update(base_url=url)
        http = stack.enter_context(
            httpx.Client(base_url=url, headers={"Authorization": "Bearer test-token"}, trust_env=False)
        )
        stack.callback(gateways.close_networks)
        yield Hubs(world, url, http, clock, postbox)


@pytest.mark.requirement("R6.5", "R4.6")
def test_a_rollout_goes_from_due_to_complete_and_the_inventory_tells_the_truth(world, hubs, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, effective_at=now, import_answer=Answer.INSTRUCTED, import_time=now)

    services.plan_due(now)
    assert dispatch(now) == HUBS
    hubs.report(now)
    assert states(rollout) == {40: HUBS}

    services.plan_due(now)
    assert dispatch(now) == HUBS
    hubs.report(now)

    assert states(rollout) == {60: HUBS}
    assert set(hubs.versions().values()) == {"0C230000"}
    assert set(Hub.objects.values_list("cpl_entry_id", flat=True)) == {world.target.pk}
    assert not HubInFlight.objects.exists()
    assert services.complete_finished(now) == 1
    assert Rollout.objects.get().status == "COMPLETE"
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R5.6")
def test_a_pause_recalls_what_lies_ahead_on_hubs_and_a_resumption_goes_on(world, hubs, now):
    rollout = make_rollout(world, now=now)
    at = now + timedelta(hours=6)
    settle(rollout, effective_at=at, import_answer=Answer.INSTRUCTED, import_time=at)
    services.plan_due(now)
    dispatch(now)
    hubs.report(now)
    services.plan_due(now)
    dispatch(now)
    hubs.report_so_far(now)
    assert states(rollout) == {50: HUBS}

    decide(world, rollout, "PAUSE", now)
    assert dispatch(now) == HUBS
    hubs.report_until(now, lambda: states(rollout) == {56: HUBS})

    later = now + timedelta(hours=7)
    hubs.at(later)
    hubs.report(later)
    assert set(hubs.versions().values()) == {"0C220000"}

    decide(world, rollout, "PROCEED", later)
    services.finish_halts(later)
    services.plan_due(later)
    assert dispatch(later) == HUBS
    hubs.report_so_far(later)
    assert set(hubs.versions().values()) == {"0C220000"}

    morning = now + timedelta(hours=20)
    hubs.at(morning)
    hubs.report(morning)
    assert states(rollout) == {60: HUBS}
    assert set(hubs.versions().values()) == {"0C230000"}


@pytest.mark.requirement("R4.8")
def test_a_version_is_read_when_asked_for(world, hubs, now):
    services.request_read(world.as_supplier, guids=[world.guid(0)], now=now)

    assert dispatch(now) == 1
    hubs.report(now)

    assert Command.objects.get().kind == CommandKind.READ
