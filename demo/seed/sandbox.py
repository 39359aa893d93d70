"""The Supplier a sandbox is for: a small estate of its own, a log-in, and a client that is ready."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from demo.seed import estate
from demo.seed.people import DCC, SUPPLIER_ROLES, DemoLogIn, scope_of
from demo.seed.stages import LIVE, NOTIFIED
from portal.accounts.clients import create_client
from portal.identity.api_scopes import SCOPES_OF_KIND
from portal.identity.models import OrganisationKind
from rollouts import services
from rollouts.models import Hub

SANDBOX_SUPPLIER: Final = "Sandbox Energy"
ORGANISATION: Final[Mapping[str, Any]] = {
    "name": SANDBOX_SUPPLIER,
    "kind": "SUPPLIER",
    "mpids": ["SAND"],
    "gas_codes": ["SAG"],
    "user_ids": ["90-B3-D5-1F-30-F0-00-00"],
}
LOG_IN: Final = DemoLogIn(
    SANDBOX_SUPPLIER, "tester@sandbox.example", "Tess Sand", SUPPLIER_ROLES, "Supplier of the sandbox"
)
_HUBS_OF_EACH: Final = 12
_DRAWN_FROM: Final = 4_000
_SEED: Final = 9_001  # other hubs than those of the demonstration


def put_sandbox(*, now: datetime) -> None:
    """Give the Supplier its hubs: some of each model that is being rolled out; nothing where it has them."""
    scope = scope_of(SANDBOX_SUPPLIER)
    if Hub.objects.filter(import_supplier_id=scope.organisation_id).exists():
        return
    services.load_estate(scope_of(DCC), source=io.BytesIO(_inventory()), file_name="sandbox.csv", now=now)


def put_client(*, now: datetime) -> str:
    """Make the client once, and return what a person has to know of it; `client_file` says it to programs."""
    scope, known = scope_of(SANDBOX_SUPPLIER), _variables()
    if "CRM_CLIENT_ID" not in known:
        scopes = SCOPES_OF_KIND[OrganisationKind.SUPPLIER]
        made = create_client(scope, name="Sandbox", scopes=scopes, networks="", now=now)
        known = {"CRM_CLIENT_ID": made.client_id, "CRM_CLIENT_SECRET": made.secret}
    stream = settings.STREAM_ORIGIN[0] if settings.STREAM_ORIGIN else settings.PORTAL_URL
    variables = {**known, "PORTAL_URL": settings.PORTAL_URL, "PORTAL_STREAM_URL": stream}
    client_file().parent.mkdir(parents=True, exist_ok=True)
    client_file().touch(mode=0o600)
    client_file().write_text("".join(f"export {name}={value}\n" for name, value in variables.items()))
    return f"client {known['CRM_CLIENT_ID']}  secret: {known['CRM_CLIENT_SECRET']}"


def client_file() -> Path:
    """Return the file with what a program needs; `. FILE` makes it ready to go."""
    return Path(settings.VAR_DIR) / "sandbox" / "client.env"


def _variables() -> dict[str, str]:
    if not client_file().exists():
        return {}
    lines = (line.removeprefix("export ") for line in client_file().read_text().splitlines())
    return dict(line.split("=", 1) for line in lines)


def _inventory() -> bytes:
    written = io.StringIO()
    with estate.generated(hubs=_DRAWN_FROM, seed=_SEED) as source:
        lines = csv.DictReader(io.TextIOWrapper(source, encoding="utf-8", newline=""))
        out = csv.DictWriter(written, fieldnames=list(lines.fieldnames or ()))
        out.writeheader()
        out.writerows(_chosen(lines))
    return written.getvalue().encode()


def _chosen(lines: Iterator[dict[str, str]] | csv.DictReader[str]) -> Iterator[dict[str, str]]:
    wanted = {release.model: _HUBS_OF_EACH for release in (LIVE, NOTIFIED)}
    versions = {release.model: release.version for release in (LIVE, NOTIFIED)}
    for line in lines:
        model = line["model"]
        is_fit = line["smi_status"] == line["gpf_status"] == "Commissioned"
        if is_fit and wanted.get(model) and line["firmware_version"] != versions[model]:
            wanted[model] -= 1
            yield {**line, "import_mpid": "SAND", "gas_code": "SAG"}
