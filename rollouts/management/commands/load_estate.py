"""Take in an inventory file: `manage.py load_estate estate.csv`, or from the standard input."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import BaseCommand, CommandError

from portal.identity.models import Organisation, OrganisationKind
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.refusals import Refusal
from rollouts import services
from rollouts.services import ImportReport


def _cpl(scope: Scope, *, source: BinaryIO, file_name: str, now: datetime) -> ImportReport:
    return services.take_cpl_list(scope, data=source.read(), file_name=file_name, now=now)


_FEEDS = {
    "hubs": services.load_estate,
    "suppliers": services.take_supplier_changes,
    "statuses": services.take_status_changes,
    "cpl": _cpl,
}


class Command(BaseCommand):
    """One file, one call into the services; the refused lines are kept with the import."""

    help = "Load hubs, changes of Supplier or status, or the Central Products List from a CSV or XLSX file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Return what may stand on the line."""
        parser.add_argument("file", nargs="?", default="-", help="CSV or XLSX; - is the standard input")
        parser.add_argument("--kind", choices=sorted(_FEEDS), default="hubs")
        parser.add_argument(
            "--as-of",
            default="",
            help="when the file of hubs was made, such as 2030-03-04T02:00:00Z; unsaid, the midnight before",
        )

    def handle(self, *_args: object, **options: str) -> None:
        """Load the file on behalf of the DCC."""
        dcc = Organisation.objects.filter(kind=OrganisationKind.DCC).order_by("id").first()
        if dcc is None:
            raise CommandError("There is no DCC yet: run load_reference first.")
        began = time.monotonic()
        try:
            more = _more(options["kind"], options["as_of"])
            report = self._take(Scope.system(dcc.pk), options["file"], options["kind"], more)
        except (Refusal, OSError) as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - began
        changes = ", ".join(f"{name} {n:,}" for name, n in report.summary.items())
        self.stdout.write(f"{report.lines:,} lines in {seconds:.1f} s: {changes}; refused {report.refused:,}")
        for problem, n in sorted(report.refused_by_reason.items()):
            self.stdout.write(f"  {n:,} {problem.value}: {problem.label}")
        for part in report.not_read:
            self.stdout.write(f"  Not read: {part.words}")

    def _take(self, scope: Scope, name: str, kind: str, more: dict[str, datetime]) -> ImportReport:
        feed: Callable[..., ImportReport] = _FEEDS[kind]
        if name == "-":
            return feed(scope, source=sys.stdin.buffer, file_name="standard input", now=clock.now(), **more)
        with Path(name).open("rb") as file:
            return feed(scope, source=file, file_name=Path(name).name, now=clock.now(), **more)


def _more(kind: str, as_of: str) -> dict[str, datetime]:
    """Read as of when the file is, where that was said.

    Raises:
        CommandError: it is no moment, or the file is a feed, whose lines say when.
    """
    if not as_of:
        return {}
    try:
        at = datetime.fromisoformat(as_of)
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - refused below, as it has no time zone
    if kind != "hubs" or at.tzinfo is None:
        raise CommandError("--as-of is for a file of hubs, and reads like 2030-03-04T02:00:00Z.")
    return {"as_of": at}
