"""`service_request_50k` and `dcc_alerts`: signed XML in and out, over HTTP, as a User's system does it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from portal.accounts.clients import create_client
from portal.events import sequencer
from portal.events.kinds import EntryKind
from portal.identity.api_scopes import ApiScope
from portal.identity.models import UserIdentifier
from portal.kernel import clock, sql
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Rollout
from rollouts.service_requests.signatures import Signer
from rollouts.services.instructions.certify import CertificateRefused
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, duration, rate
from tests.bench.instructing import LINES, by_rest, list_for
from tests.bench.lists import MixedList
from tests.bench.stage import Stage
from tests.service_requests.messages import Read, messages_of, position_of, signed, update

ALERTS: Final = 20_000
_ALERTS_A_SECOND: Final = 2_000
_PAGE: Final = 1_000
_GIVE_UP_AFTER: Final = 120.0
_LOOK_EVERY: Final = 0.05

_ACTIVATED = """
INSERT INTO events_feed_outbox (guid, at, party_id, version_id, kind, code)
SELECT guid, now(), %(party)s, cpl_entry_id, %(kind)s, 6
  FROM rollouts_hub WHERE %(party)s IN (import_supplier_id, gas_supplier_id) LIMIT %(alerts)s
"""


@dataclass(slots=True)
class _User:
    """A User ID with its certificate, a client that is let in, and what has been sent."""

    user_id: str
    dcc: str
    signer: Signer
    portal: Signer
    client: httpx.Client
    counter: int = 0

    def request(self, rollout: Rollout, listed: MixedList) -> bytes:
        """Write and sign SR 11.1 for a list."""
        self.counter += 1
        model = rollout.cpl_entry.device_model
        text = update(
            [line.replace("&", "&amp;") for line in listed.body.decode().splitlines()],
            counter=self.counter,
            user=self.user_id,
            version=rollout.cpl_entry.firmware_version,
            target=self.dcc,
        ).decode()
        for name, value in (
            ("Manufacturer", model.manufacturer),
            ("Model", model.model),
            ("HardwareVersion", model.hardware_version),
        ):
            text = re.sub(rf"<sr:{name}>[^<]*<", f"<sr:{name}>{value}<", text)
        return signed(text.encode(), self.signer)

    def page(self, after: int | None, *, limit: int = _PAGE) -> bytes:
        """Fetch a page of messages."""
        query: dict[str, Any] = {"user": self.user_id, "limit": limit}
        query |= {} if after is None else {"after": after}
        answer = self.client.get("/service-requests/messages", params=query)
        assert answer.is_success, answer.text
        return answer.content


def measure(stage: Stage) -> list[Figure]:
    """Send the same list by REST and by signed XML, in turns: from the request to the complete, signed response.

    What the relay does is done here: its ticks would add up to a second to what is measured.
    """
    who = estate.people()
    rest, xml = Seconds(), Seconds()
    with stage.running(stage.web()) as programs:
        stage.wait_for_web(programs)
        with _user(stage, who) as user:
            for _ in range(stage.runs(5)):
                by_rest(stage, who, *list_for(who, LINES), rest)
                rollout, listed = list_for(who, LINES)
                _by_xml(user, rollout, listed, xml)
    return [duration("service_request_50k", ours=xml, bare=rest, ratio_at_most=2, note="bare: the REST row")]


def measure_alerts(stage: Stage) -> list[Figure]:
    """Fetch the alerts of activated hubs, each signed, by two readers; beside it what two cores can sign at all."""
    who = estate.people()
    party = who.analyst.organisation_id
    ours, limit = Seconds(), Seconds()
    with stage.running(stage.web()) as programs:
        stage.wait_for_web(programs)
        with _user(stage, who) as user:
            user.page(None, limit=1)
            for _ in range(stage.runs(3)):
                first = position_of(_all(user))
                sql.run(_ACTIVATED, {"party": party, "kind": int(EntryKind.HUB_ACTIVATED), "alerts": ALERTS})
                while sequencer.sequence_all(seconds=10):
                    pass
                with ours.timed(), ThreadPoolExecutor(2) as pool:
                    starts = range(first, first + ALERTS, _PAGE)
                    pages = list(pool.map(user.page, starts))
                assert sum(page.count(b"</sr:Response>") for page in pages) == ALERTS
                assert len(messages_of(pages[-1], user.portal)) == _PAGE
                _sign_bare(user.portal, limit)
    note = "bare: two cores doing nothing but the ECDSA signatures"
    return [
        rate(
            "dcc_alerts", "alerts/s", rows=ALERTS, ours=ours, bare=limit, at_least=_ALERTS_A_SECOND, note=note
        )
    ]


def _by_xml(user: _User, rollout: Rollout, listed: MixedList, seconds: Seconds) -> None:
    message, after = user.request(rollout, listed), position_of(_all(user))
    with seconds.timed():
        answer = user.client.post(
            "/service-requests", content=message, headers={"Content-Type": "application/xml"}
        )
        assert answer.status_code == 202, answer.text[:2000]
        ends = time.monotonic() + _GIVE_UP_AFTER
        sequencer.sequence_all(seconds=10)
        while b"UpdateFirmwareResult" not in (page := user.page(after)):
            sequencer.sequence_all(seconds=10)
            assert time.monotonic() < ends, "the response never came"
            time.sleep(_LOOK_EVERY)
    (response,) = messages_of(page, user.portal)
    _check(response, listed)


def _check(response: Read, listed: MixedList) -> None:
    assert response.code == "W110101"
    assert response.text("Body/UpdateFirmwareResult/Accepted") == str(listed.good)
    lists = response.root.find(".//{*}UpdateFirmwareWarning")
    assert lists is not None
    assert sum((each.text or "").count(",") + 1 for each in lists) == listed.lines - listed.good


def _all(user: _User) -> bytes:
    page = user.page(None)
    while b"</sr:Response>" in page:
        page = user.page(position_of(page))
    return page


def _sign_bare(signer: Signer, seconds: Seconds) -> None:
    def work() -> None:
        for number in range(ALERTS // 2):
            signer.key.sign(b"%d" % number, ec.ECDSA(hashes.SHA256()))

    threads = [threading.Thread(target=work) for _ in range(2)]
    with seconds.timed():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@contextmanager
def _user(stage: Stage, who: estate.People) -> Iterator[_User]:
    """Let a system of the largest Supplier in, with an accepted certificate."""
    directory, now = stage.var / "service-requests", clock.now()
    own = UserIdentifier.objects.filter(organisation_id=who.analyst.organisation_id, user_role="IS").first()
    dcc = UserIdentifier.objects.get(organisation_id=who.operator.organisation_id)
    assert own
    user_id = Guid.from_db(own.eui64)
    certificate = (directory / "supplier.pem").read_text()
    with suppress(CertificateRefused):  # another measure has it there already
        number = services.submit_certificate(who.as_supplier, user_id=user_id, pem=certificate, now=now)
        services.accept_certificate(who.as_operator, certificate_id=number, now=now)
    made = create_client(
        who.as_supplier,
        name="XML",
        scopes=[ApiScope.INSTRUCTIONS_WRITE, ApiScope.EVENTS_READ],
        networks="",
        now=now,
    )
    with httpx.Client(base_url=stage.url, timeout=120) as client:
        token = client.post(
            "/oauth/token",
            auth=(made.client_id, made.secret),
            data={"grant_type": "client_credentials"},
        )
        client.headers["Authorization"] = f"Bearer {token.raise_for_status().json()['access_token']}"
        signer, portal = (_signer(directory, name) for name in ("supplier", "portal"))
        yield _User(str(user_id), str(Guid.from_db(dcc.eui64)), signer, portal, client)


def _signer(directory: Path, name: str) -> Signer:
    return Signer.from_pem((directory / f"{name}.key").read_bytes(), (directory / f"{name}.pem").read_bytes())
