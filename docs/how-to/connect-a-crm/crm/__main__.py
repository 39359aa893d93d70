"""`python -m crm mirror|poll|stream|receive|show`: see README.md beside this package."""

from __future__ import annotations

import argparse
import os
import threading
from typing import Any

from crm import following, receiver, rule
from crm.mirror import Mirror
from crm.portal import Portal


def say(*words: object) -> None:
    """Tell whoever started us."""
    print(*words, flush=True)  # noqa: T201


def main() -> None:
    """Do what is asked for, until Ctrl-C."""
    options = _options()
    mirror = Mirror(os.environ.get("CRM_STATE", "crm.sqlite"))
    if options.what == "show":
        say(f"{len(mirror.versions()):,} hubs, {len(mirror.positions()):,} events")
        return
    portal = Portal(
        os.environ["PORTAL_URL"],
        os.environ["CRM_CLIENT_ID"],
        os.environ["CRM_CLIENT_SECRET"],
        stream_url=os.environ.get("PORTAL_STREAM_URL", ""),
    )
    say(f"{following.mirror_estate(portal, mirror):,} hubs mirrored")
    regions = [name for name in options.regions.split(",") if name]

    def told(events: list[dict[str, Any]]) -> None:
        for event in events:
            say(
                event["id"],
                event["type"],
                event.get("subject", ""),
                event["data"].get("firmware_version") or "",
            )
        if regions:
            rule.apply(portal, mirror, regions=regions)

    told([])  # what was left to do when we stopped
    until = threading.Event()
    if options.what == "poll":
        following.poll(portal, mirror, until=until, told=told)
    elif options.what == "stream":
        following.stream(portal, mirror, until=until, told=told)
    elif options.what == "receive":
        secrets = os.environ["CRM_WEBHOOK_SECRET"].split()
        receiver.server(mirror, secrets, port=options.port, told=told).serve_forever()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crm", description=__doc__)
    parser.add_argument("what", choices=["mirror", "poll", "stream", "receive", "show"])
    parser.add_argument("--regions", default="", help="instruct for hubs there, e.g. NORTH,CENTRAL")
    parser.add_argument("--port", type=int, default=9000, help="of the webhook receiver")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("Stopped. What was read is kept.")
