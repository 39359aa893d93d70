"""The Supplier that works by signed XML alone: its certificate, its client, and what that needs to know."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Final

from django.conf import settings

from demo.seed.people import DCC, scope_of
from portal.accounts.clients import create_client
from portal.identity.api_scopes import ApiScope
from portal.identity.models import UserIdentifier
from portal.kernel.guid import Guid, format_many
from rollouts import services
from rollouts.models import CplEntry, Rollout
from rollouts.service_requests.carrying_out import answer_request

XML_SUPPLIER: Final = "Coldwater Energy"
_CLIENT: Final = settings.BASE_DIR / "docs" / "how-to" / "send-service-requests" / "client.py"
_MOST_IDS: Final = 50_000


def directory() -> Path:
    """Return where keys, certificates and the client's variables of this run are."""
    return Path(settings.VAR_DIR) / "service-requests"


def client_file() -> Path:
    """Return the file with the variables of the worked client; `. FILE` makes it ready to go."""
    return directory() / "client.env"


def put_xml_supplier(*, now: datetime) -> None:
    """Let the Supplier in once: its certificate accepted, a client made, both told in `client_file`."""
    certificate = directory() / "supplier.pem"
    if client_file().exists() or not certificate.exists():
        return
    scope = scope_of(XML_SUPPLIER)
    user_id, dcc = _user_id(XML_SUPPLIER), _user_id(DCC)
    number = services.submit_certificate(scope, user_id=user_id, pem=certificate.read_text(), now=now)
    services.accept_certificate(scope_of(DCC), certificate_id=number, now=now)
    scopes = [ApiScope.INSTRUCTIONS_WRITE, ApiScope.EVENTS_READ]
    made = create_client(scope, name="Service Requests", scopes=scopes, networks="", now=now)
    variables = {
        "PORTAL_URL": settings.PORTAL_URL,
        "SR_CLIENT_ID": made.client_id,
        "SR_CLIENT_SECRET": made.secret,
        "SR_USER_ID": user_id,
        "SR_DCC_ID": dcc,
        "SR_KEY": directory() / "supplier.key",
        "SR_CERTIFICATE": certificate,
        "SR_PORTAL_CERTIFICATE": settings.SERVICE_REQUEST_CERTIFICATE_FILE,
        "SR_STATE": directory() / "client.position",
    }
    client_file().touch(mode=0o600)
    client_file().write_text("".join(f"export {name}={value}\n" for name, value in variables.items()))


def client_variables() -> dict[str, str]:
    """Read the variables of the worked client."""
    lines = (line.removeprefix("export ") for line in client_file().read_text().splitlines())
    return dict(line.split("=", 1) for line in lines)


def worked_client() -> ModuleType:
    """Return the worked client of the how-to: what this Supplier runs."""
    spec = importlib.util.spec_from_file_location("worked_client", _CLIENT)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"There is no client at {_CLIENT}.")
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    return code


def names_of(rollout: Rollout) -> tuple[list[str], str]:
    """Return the hub model and the firmware version of a rollout, as messages name them."""
    entry = CplEntry.objects.select_related("device_model").get(pk=rollout.cpl_entry_id)
    model = entry.device_model
    return [model.manufacturer, model.model, model.hardware_version], entry.firmware_version


def instruct_by_xml(
    rollout: Rollout, guids: Sequence[int], *, activate_at: datetime | None, now: datetime
) -> int:
    """Instruct hubs by signed Service Requests that came at `now`; return how many hubs they named."""
    code = worked_client()
    client = code.Client(client_variables())
    at = f"{activate_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if activate_at else None
    taken = 0
    for first in range(0, len(guids), _MOST_IDS):
        ids = format_many(guids[first : first + _MOST_IDS])
        message = code.etree.tostring(
            client.signed(code.updating(client, "instruct", ids, *names_of(rollout), at)),
            xml_declaration=True,
            encoding="UTF-8",
        )
        answer = answer_request(scope_of(XML_SUPPLIER), message, received_at=now)
        if answer.status != HTTPStatus.ACCEPTED:
            raise RuntimeError(answer.body.decode())
        taken += len(ids)
    return taken


def _user_id(organisation: str) -> Guid:
    own = UserIdentifier.objects.filter(organisation__name=organisation).order_by("pk")
    return Guid.from_db(own.values_list("eui64", flat=True)[0])
