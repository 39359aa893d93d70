"""Two Suppliers that speak XML, with accepted certificates, and a portal with a key of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.events import sequencer
from portal.identity.models import UserIdentifier
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Rollout
from rollouts.rules.identifiers import parse_user_id
from rollouts.service_requests.signatures import Signer
from tests.api.systems import System
from tests.factories import UserFactory, World, make_rollout
from tests.service_requests import messages
from tests.service_requests.messages import DCC, OTHER_USER, USER, Read, issue, key_pem, pem


@dataclass
class Authority:
    """A root the portal trusts, and the portal's own key."""

    root: Signer
    portal: Signer


@dataclass
class Sender:
    """A Supplier's system that speaks XML."""

    user_id: str
    signer: Signer
    system: System
    admin: Scope
    portal: Signer
    certificate_id: int = 0
    answers: list[Any] = field(default_factory=list)

    def post(self, data: bytes, **headers: str) -> Any:
        answer = self.system.client.post(
            "/service-requests", data, content_type=headers.pop("kind", "application/xml"), headers=headers
        )
        assert answer.status_code < 500, answer.content
        return answer

    def send(self, message: bytes) -> Read:
        """Sign, send, and check what comes back."""
        return messages.checked(self.post(messages.signed(message, self.signer)).content, self.portal)

    def fetch(self, after: int | None = None, **query: object) -> Any:
        sequencer.sequence_all()
        query_sent = {"user": self.user_id, **query, **({} if after is None else {"after": after})}
        return self.system.client.get("/service-requests/messages", query_sent)

    def messages(self, after: int | None = None) -> list[Read]:
        return messages.messages_of(self.fetch(after).content, self.portal)


@dataclass
class XmlStage:
    """The world, the rollout, and who speaks XML about it."""

    world: World
    rollout: Rollout
    authority: Authority
    supplier: Sender
    other: Sender

    def guid(self, number: int) -> str:
        return str(Guid.from_db(self.world.guid(number)))


@pytest.fixture(scope="session")
def authority() -> Authority:
    root = issue("Root")
    return Authority(root, issue("Portal", root))


@pytest.fixture
def now() -> datetime:
    """The real time: the views read the clock themselves."""
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet(fresh_cache: None) -> None:
    """Requests and wrong tries of other tests do not count."""


@pytest.fixture
def _configured(authority: Authority, settings: Any, tmp_path: Path) -> None:
    settings.SERVICE_REQUEST_KEY_FILE = str(tmp_path / "key.pem")
    settings.SERVICE_REQUEST_CERTIFICATE_FILE = str(tmp_path / "certificate.pem")
    settings.SERVICE_REQUEST_ROOTS_FILE = str(tmp_path / "roots.pem")
    (tmp_path / "key.pem").write_bytes(key_pem(authority.portal))
    (tmp_path / "certificate.pem").write_text(pem(authority.portal))
    (tmp_path / "roots.pem").write_text(pem(authority.root))


@pytest.fixture
def stage(world: World, authority: Authority, now: datetime, _configured: None) -> XmlStage:
    """Twenty hubs in a rollout, two Suppliers whose certificates the DCC has accepted."""
    UserIdentifier.objects.create(organisation=world.dcc, eui64=parse_user_id(DCC).db)
    rollout = make_rollout(world, now=now)
    return XmlStage(
        world,
        rollout,
        authority,
        _sender(world, world.supplier, USER, authority, now=now),
        _sender(world, world.other, OTHER_USER, authority, now=now),
    )


def _sender(world: World, organisation: Any, user_id: str, authority: Authority, *, now: datetime) -> Sender:
    UserIdentifier.objects.create(organisation=organisation, eui64=parse_user_id(user_id).db, user_role="IS")
    admin = Scope.of(UserFactory(organisation=organisation, roles=[Role.SUPPLIER_ADMIN]))
    signer = issue(user_id, authority.root)
    sender = Sender(user_id, signer, System(organisation), admin, authority.portal)
    sender.certificate_id = services.submit_certificate(
        admin, user_id=parse_user_id(user_id), pem=pem(signer), now=now
    )
    services.accept_certificate(world.operator, certificate_id=sender.certificate_id, now=now)
    return sender
