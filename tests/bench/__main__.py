"""`python -m tests.bench`: run the measures, print the table, write `var/bench.json`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from portal.embedded.failures import CannotStart
from portal.embedded.services import clear
from tests.bench import figures
from tests.bench.stage import ROOT, Stage, stores

#: Names on the command line, and where each is; the last changes the estate.
MEASURES: Final = {
    "estate_load": "loading:measure",
    "publish": "publishing:measure",
    "instruct_50k": "instructing:measure",
    "library_50k": "library:measure",
    "service_request_50k": "messaging:measure",
    "alerts": "alerting:measure",
    "dcc_alerts": "messaging:measure_alerts",
    "dispatch": "dispatching:measure",
    "moves": "guarding:measure",
    "stop": "stopping:measure",
    "pages": "paging:measure",
    "export": "exporting:measure",
    "realtime": "realtime:measure",
    "instruct_1m": "instructing:measure_many",
}


def main() -> int:
    """Run what is asked for; the exit code says whether every figure reached what it should."""
    options = _parser().parse_args()
    var = Path(os.environ.get("PORTAL_VAR", ROOT / "var"))
    if not options.keep:
        clear(var / "bench")
    names = options.only.split(",") if options.only else list(MEASURES)
    result: list[figures.Figure] = []
    try:
        with stores(var / "bench", hubs=options.hubs, say=_say, quick=options.quick) as stage:
            result.extend(_measured(stage, names, is_kept=options.keep))
    finally:
        figures.print_table(result, hubs=options.hubs, say=_say)
        figures.keep(result, var / "bench.json", hubs=options.hubs)
    return 0 if all(figure.is_reached for figure in result) else 1


def _measured(stage: Stage, names: list[str], *, is_kept: bool) -> Iterator[figures.Figure]:
    from django.core.management import call_command

    from tests.bench import estate

    call_command("migrate", interactive=False, verbosity=0)
    estate.load_reference(stage)
    if "estate_load" not in names and not (is_kept and estate.is_there(stage)):
        estate.load(stage)
    for name in names:
        began = time.monotonic()
        module, _, function = MEASURES[name].partition(":")
        measured = getattr(importlib.import_module(f"tests.bench.{module}"), function)(stage)
        figures.print_table(measured, hubs=stage.hubs, say=_say)
        _say(f"({name}: {time.monotonic() - began:.0f} s in all)")
        yield from measured


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the portal.")
    parser.add_argument("--hubs", type=int, default=int(os.environ.get("HUBS") or 1_000_000))
    parser.add_argument("--only", default="", help=f"some of {','.join(MEASURES)}")
    parser.add_argument("--keep", action="store_true", help="use the estate of the last run again")
    parser.add_argument("--quick", action="store_true", help="run each measure once")
    return parser


def _say(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotStart as problem:
        sys.exit(str(problem))
