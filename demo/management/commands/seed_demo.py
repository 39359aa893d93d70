"""`manage.py seed_demo`: people, an estate and rollouts at every stage, for a demonstration or a journey."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.seed import chronicle, estate, incidents, people, sandbox, stages
from demo.seed.xml_supplier import put_xml_supplier
from portal.events import sequencer
from portal.kernel import clock
from rollouts import services
from rollouts.models import CspChannel, Hub

_HUBS: Final = 200_000
_MINUTES_OF_MOVEMENT: Final = 8


class Command(BaseCommand):
    """Bring a demonstration's state up; running it again only adds what is missing."""

    help = "Load reference data, an estate and log-ins, and make rollouts at every stage of life."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The estate is the same for the same `--hubs` and `--seed`."""
        parser.add_argument("--hubs", type=int, default=_HUBS)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--estate-only", action="store_true", help="no rollouts: a script makes its own")
        parser.add_argument(
            "--inventory", type=Path, help="write the inventory here, for the simulator to start from"
        )

    def handle(self, *, hubs: int, seed: int, estate_only: bool, inventory: Path | None, **_: Any) -> None:
        """Seed, and print one line a log-in."""
        if not settings.DEMO:
            raise CommandError("Only a demonstration is seeded (DEMO=1).")
        services.load_reference(_reference(seed), csps=_access(), now=clock.now())
        password = settings.DEMO_PASSWORD or secrets.token_urlsafe(9)
        sandboxed = [sandbox.LOG_IN] if settings.SANDBOX else []
        log_ins = people.put_log_ins(password, [*people.LOG_INS, *sandboxed])
        self._load(hubs=hubs, seed=seed)
        put_xml_supplier(now=clock.now() - timedelta(days=1))
        if not estate_only:
            self._make_rollouts()
        if settings.SANDBOX:
            sandbox.put_sandbox(now=clock.now())
        if inventory is not None:
            estate.write_inventory(inventory)
        for log_in in log_ins:
            self.stdout.write(f"{log_in.says:30} {log_in.email:30} password: {password}")
        if settings.SANDBOX:
            self.stdout.write(f"{'API client of the sandbox':30} {sandbox.put_client(now=clock.now())}")

    def _load(self, *, hubs: int, seed: int) -> None:
        if Hub.objects.exists():
            return
        with estate.generated(hubs=hubs, seed=seed) as source:
            loaded = services.load_estate(
                people.scope_of(people.DCC), source=source, file_name="inventory.csv", now=clock.now()
            )
        self.stdout.write(f"{loaded.added:,} hubs loaded")

    def _make_rollouts(self) -> None:
        now = clock.now()
        CspChannel.objects.update(capacity_per_second=1e6)  # the past is quick
        stages.put_rollouts(now=now, say=self.stdout.write)
        self.stdout.write(f"{incidents.put_incidents(now=now)} incidents")
        stages.keep_moving(now=now)
        stages.set_pace(minutes=_MINUTES_OF_MOVEMENT)
        chronicle.put_in_order()
        sequencer.sequence_all(seconds=60)


def _reference(seed: int) -> dict[str, Any]:
    document = estate.reference(seed)
    if settings.SANDBOX:
        document["organisations"].append(dict(sandbox.ORGANISATION))
    return document


def _access() -> services.CspAccess:
    """Read from the settings how the portal reaches the CSPs, and what they show here."""
    pairs = (pair.partition("=") for pair in settings.HUBSIM_TOKENS.split(",") if pair)
    return services.CspAccess(
        base_url=settings.CSP_BASE_URL,
        token=settings.CSP_TOKEN,
        secrets={name.strip(): secret.strip() for name, _, secret in pairs},
    )
