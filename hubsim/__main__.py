"""`python -m hubsim estate | reference | image | serve`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
import uvicorn

from hubsim import estate_csv
from hubsim.catalogue import make_image
from hubsim.clock import SimulatedClock
from hubsim.codes import CSPS, Csp
from hubsim.estate import SimulatedEstate, build_estate
from hubsim.profile import preset, preset_names
from hubsim.reference import reference_data
from hubsim.server import App, new_run
from hubsim.simulator import HubSimulator

_DEFAULT_HUBS: Final = 200_000


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except BrokenPipeError:
        # The reader has had enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hubsim", description="A simulated estate of communications hubs."
    )
    commands = parser.add_subparsers(required=True)
    estate = commands.add_parser("estate", help="write the estate as CSV")
    _add_estate(estate)
    estate.add_argument("--jobs", type=int, default=1, help="processes that share the work")
    estate.set_defaults(run=_write_estate)
    reference = commands.add_parser("reference", help="write organisations, hub models and the CPL as JSON")
    reference.add_argument("--seed", type=int, default=1)
    reference.set_defaults(run=_write_reference)
    image = commands.add_parser("image", help="write the firmware file of a CPL entry")
    image.add_argument("--model", required=True, help="hub model, eight digits, such as 433100AC")
    image.add_argument("--version", required=True, help="firmware version, such as 0C230000")
    image.add_argument("--seed", type=int, default=1)
    image.set_defaults(run=_write_image)
    _add_serve(commands.add_parser("serve", help="serve the CSP interface for the estate"))
    return parser


def _add_estate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hubs", type=int, default=_DEFAULT_HUBS)
    parser.add_argument("--seed", type=int, default=1)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    _add_estate(parser)
    parser.add_argument("--estate", type=Path, help="read the estate from this CSV file instead of making it")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--portal-url", required=True, help="where alerts are posted, without /csp/v1/alerts")
    parser.add_argument(
        "--tokens",
        default=os.environ.get("HUBSIM_TOKENS", ""),
        help="north=..,central=..,fourg=.. or @file; taken from HUBSIM_TOKENS if not given",
    )
    parser.add_argument(
        "--token",
        default=os.environ.get("HUBSIM_TOKEN", ""),
        help="what the portal must show, else any of --tokens; without these, alerts go under it too",
    )
    parser.add_argument("--profile", default="realistic", choices=preset_names())
    parser.add_argument("--clock-rate", type=float, default=1.0, help="business seconds a second")
    parser.add_argument("--business-at", type=_time, help="business time to start at, ISO 8601 with zone")
    parser.set_defaults(run=_serve)


def _write_estate(options: argparse.Namespace) -> int:
    for chunk in estate_csv.csv_chunks(hubs=options.hubs, seed=options.seed, jobs=options.jobs):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return 0


def _write_reference(options: argparse.Namespace) -> int:
    sys.stdout.buffer.write(orjson.dumps(reference_data(options.seed), option=orjson.OPT_INDENT_2) + b"\n")
    return 0


def _write_image(options: argparse.Namespace) -> int:
    try:
        sys.stdout.buffer.write(make_image(model=options.model, version=options.version, seed=options.seed))
    except LookupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace) -> int:
    try:
        tokens = read_tokens(options.tokens or _same_for_all(options.token))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    estate = _estate(options)
    simulator = HubSimulator(
        estate,
        seed=options.seed,
        profile=preset(options.profile),
        portal_url=options.portal_url,
        tokens=tokens,
        clock=SimulatedClock(business_at=options.business_at, rate=options.clock_rate),
        run=new_run(),
    )
    accepted = [options.token] if options.token else list(tokens.values())
    config = uvicorn.Config(
        App(simulator, tokens=accepted),
        host=options.host,
        port=options.port,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    print(
        f"hubsim: {len(estate):,} hubs, {options.profile}, on http://{options.host}:{options.port}",
        flush=True,
    )
    # Uvicorn raises the signal that stopped it once more: being stopped is no failure here.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    uvicorn.Server(config).run()
    return 0


def _estate(options: argparse.Namespace) -> SimulatedEstate:
    if options.estate is not None:
        return estate_csv.read_estate(options.estate)
    return build_estate(hubs=options.hubs, seed=options.seed)


def read_tokens(text: str) -> Mapping[Csp, str]:
    """Read `north=..,central=..,fourg=..`, or the file that `@path` names.

    Raises:
        ValueError: a provider is missing or unknown.
    """
    source = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
    pairs = [part.strip().partition("=") for part in source.replace("\n", ",").split(",") if part.strip()]
    tokens = {name.strip(): token.strip() for name, _, token in pairs}
    if set(tokens) != {csp.value for csp in CSPS} or not all(tokens.values()):
        raise ValueError("tokens: " + ",".join(f"{csp.value}=.." for csp in CSPS) + " is needed")
    return {csp: tokens[csp.value] for csp in CSPS}


def _same_for_all(token: str) -> str:
    return ",".join(f"{csp.value}={token}" for csp in CSPS) if token else ""


def _time(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise argparse.ArgumentTypeError("a zone is needed, such as Z")
    return when


if __name__ == "__main__":
    sys.exit(main())
