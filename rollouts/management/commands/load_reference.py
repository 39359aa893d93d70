"""Take in organisations, hub models and the CPL from a JSON document."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

import orjson
from django.core.management.base import BaseCommand, CommandError

from portal.kernel import clock
from portal.kernel.refusals import Refusal
from rollouts import services


class Command(BaseCommand):
    """`manage.py load_reference reference.json`, or from the standard input."""

    help = "Load organisations, hub models, the CPL and the channels to the CSPs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Return what may stand on the line."""
        parser.add_argument("file", nargs="?", default="-", help="JSON; - is the standard input")
        parser.add_argument("--csp-base-url", default=os.environ.get("CSP_BASE_URL", ""))
        parser.add_argument(
            "--secrets-from",
            default="HUBSIM_TOKENS",
            help="the variable that holds the secrets CSPs show us: north=..,central=..,fourg=..",
        )

    def handle(self, *_args: object, **options: str) -> None:
        """Load the document."""
        data = sys.stdin.buffer.read() if options["file"] == "-" else Path(options["file"]).read_bytes()
        access = services.CspAccess(
            base_url=options["csp_base_url"],
            token=os.environ.get("CSP_TOKEN", ""),
            secrets=_pairs(os.environ.get(options["secrets_from"], "")),
        )
        try:
            done = services.load_reference(orjson.loads(data), csps=access, now=clock.now())
        except (Refusal, orjson.JSONDecodeError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.organisations} organisations, {done.device_models} hub models, "
            f"{done.cpl_entries} CPL entries, {done.channels} channels"
        )


def _pairs(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    return {name.strip(): secret.strip() for name, _, secret in parts}
