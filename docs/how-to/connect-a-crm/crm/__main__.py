"""`python -m crm mirror|poll|stream|receive|show`: see README.md beside this package."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Sequence

from firmware_portal import AccessRefused, NoStream, Portal, Refused
from firmware_portal.generated.models import Event

from crm import following, receiver, rule
from crm.mirror import Mirror


def say(*words: object) -> None:
    """Tell whoever started us."""
    print(*words, flush=True)  # noqa: T201


def main() -> None:
    """Do what is asked for, until Ctrl-C."""
    logging.basicConfig(format="%(name)s: %(message)s", level=logging.WARNING)
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
    with portal:
        say(f"{following.mirror_estate(portal, mirror):,} hubs mirrored")
        _run(options, portal, mirror)


def _run(options: argparse.Namespace, portal: Portal, mirror: Mirror) -> None:
    regions = [name for name in options.regions.split(",") if name]

    def on_events(events: Sequence[Event]) -> None:
        for event in events:
            say(event.id, event.type_, event.subject, event.data.firmware_version or "")
        if regions:
            rule.apply(portal, mirror, regions=regions)

    if regions:
        rule.learn_of_rollouts(portal, mirror)
    on_events([])  # what was left to do when we stopped
    if options.what == "receive":
        secrets = os.environ["CRM_WEBHOOK_SECRET"].split()
        receiver.server(mirror, secrets, port=options.port, on_events=on_events).serve_forever()
    elif options.what != "mirror":
        following.follow(portal, mirror, by=options.what, until=threading.Event(), on_events=on_events)


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
    except (AccessRefused, NoStream, Refused) as failure:
        sys.exit(f"Stopped, since trying again would not help. {failure}")
