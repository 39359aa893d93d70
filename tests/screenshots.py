"""`make screenshots`: the main pages of each role at 1280 and 390 px; the best of them for README and docs.

Everything is made afresh: stores of its own, the demonstration's estate with rollouts at every stage, and a
business clock that stands still, so that the same code gives the same pictures. All of them go to
`var/pictures/`, those that documents show to `docs/pictures/`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from portal.embedded.failures import CannotStart
from portal.embedded.ports import free_port
from portal.embedded.processes import Program, python
from portal.embedded.services import clear
from portal.kernel.references import reference_of
from tests import palettes
from tests.bench.stage import ROOT, Stage, stores
from tests.browser.chromium import FLAGS, find_chromium

MOMENT: Final = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HUBS: Final = 20_000
PASSWORD: Final = "firmware-portal-demo"
WIDE, NARROW = 1280, 390
TALLEST: Final = 2_400
SHOWN: Final = ROOT / "docs" / "pictures"

OPERATOR, SUPPLIER = "operator@dcc.example", "analyst@ambergate.example"
PLANNER, MEMBER = "planner@csp.example", "member@panel.example"
NAMES: Final = {
    "live": "November SEC Release, Central and South",
    "suspended": "Security fix, North single band",
    "piloted": "February SEC Release, 4G",
    "notified": "Spring maintenance, Central and South",
    "draft": "Spring maintenance, North dual band",
    "complete": "Summer maintenance, North dual band",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One page to be taken: whose, where, what is done there first, and whether documents show it."""

    name: str
    path: str
    who: str = ""
    act: Callable[[Any], None] | None = None
    shown: tuple[int, ...] = ()
    height: int = 0
    """Of the picture; 0 takes the whole page."""
    from_text: str = ""
    """Where the picture begins, if not at the top: a little above this."""


def preview_pilot(page: Any) -> None:
    """Preview a pilot chosen by conditions."""
    page.get_by_label("Sample of how many hubs").fill("20")
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label("Seed of the sample").fill("1")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Representativeness").wait_for()


def publish(page: Any) -> None:
    """Publish the draft."""
    page.get_by_role("button", name=re.compile("^Publish the notice")).click()
    page.get_by_text("Published:").wait_for()


def nominate(page: Any) -> None:
    """Nominate what has been previewed."""
    preview_pilot(page)
    page.get_by_label("As soon as possible").check()
    page.get_by_role("button", name="Nominate for the pilot").click()
    page.get_by_text("DCC decides").wait_for()


def tick(page: Any) -> None:
    """Tick the one nomination there is."""
    page.get_by_role("checkbox").first.check()


def start_pilot(page: Any) -> None:
    """Take the nomination, start the pilot, and let its hubs answer."""
    tick(page)
    page.get_by_role("button", name="Confirm the ticked nominations").click()
    page.get_by_role("link", name=re.compile("Start the pilot")).click()
    page.get_by_role("button", name=re.compile("Start the pilot")).click()
    page.get_by_text("The pilot has started").wait_for()
    let_it_move([NAMES["draft"]], now=MOMENT)


def build_approval(page: Any) -> None:
    """Build an approval rule and try it on the past."""
    page.locator("#id_name").fill("Major rollouts, at night")
    page.locator("#id_release-add").click()
    page.locator("#id_release-0-field").wait_for()
    page.locator("#id_release-0-field").select_option("severity")
    page.locator("#id_release-0-value").wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("#id_release-0-value").select_option("MAJOR")
    page.get_by_text("Releases where severity is Major.").first.wait_for()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_text("It would have approved").first.wait_for()


def instruct(page: Any) -> None:
    """Instruct all hubs that wait, for a date of one's own; stop at the check."""
    page.get_by_label("Date and time of activation").fill("2026-12-08T01:30")
    page.get_by_label("Your own name for this instruction").fill("Everything that waits")
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Would be accepted").wait_for()


def submit(page: Any) -> None:
    """Instruct a pasted list with two lines that are wrong, and keep the receipt."""
    page.goto(page.url.replace("instruct/", "hubs/"))
    guids = [each.inner_text() for each in page.locator("tbody .guid").all()[:40]]
    page.go_back()
    page.get_by_label("The hubs I paste").check()
    page.get_by_label("Hubs", exact=True).fill("\n".join([*guids, "00-DB-12-34", "00-DB-12-34-FF-FF-FF-FF"]))
    page.get_by_label("Date and time of activation").fill("2026-12-08T01:30")
    page.get_by_label("Your own name for this instruction").fill("Leeds and York")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("Instruction received").wait_for()


def open_first_hub(page: Any) -> None:
    """Go to the first hub of a list."""
    page.locator("tbody .guid").first.click()
    page.get_by_text("In the inventory").wait_for()


def shots(ids: dict[str, int]) -> list[Shot]:
    """List every page to be taken, in an order in which acts do not disturb what comes after."""
    live, notified, suspended = ids["live"], ids["notified"], ids["suspended"]
    incident = reference_of(ids["incident"], "incident")
    return [
        Shot(name="log-in", path="/accounts/login/", shown=(WIDE,), height=760),
        Shot(name="supplier-dashboard", path="/", who=SUPPLIER, shown=(WIDE, NARROW)),
        Shot(name="supplier-updates", path="/rollouts/", who=SUPPLIER),
        Shot(name="supplier-update", path=f"/rollouts/{live}/", who=SUPPLIER, shown=(WIDE,), height=1150),
        Shot(name="supplier-hubs", path=f"/rollouts/{live}/hubs/", who=SUPPLIER, height=1000),
        Shot(name="supplier-hub", path=f"/rollouts/{live}/hubs/?state=60", who=SUPPLIER, act=open_first_hub),
        Shot(name="supplier-estate", path="/estate/", who=SUPPLIER, height=1100),
        Shot(name="supplier-rules", path="/rules/", who=SUPPLIER),
        Shot(
            name="supplier-approval", path="/approvals/new/", who=SUPPLIER, act=build_approval, shown=(WIDE,)
        ),
        Shot(name="supplier-pilot-page", path=f"/rollouts/{notified}/pilot/", who=SUPPLIER, height=1400),
        Shot(name="supplier-instruct", path=f"/rollouts/{notified}/instruct/", who=SUPPLIER),
        Shot(name="supplier-instructions", path="/instructions/", who=SUPPLIER, height=1000),
        Shot(name="supplier-incidents", path="/incidents/?status=all", who=SUPPLIER),
        Shot(name="supplier-incident", path=f"/incidents/{incident}/", who=SUPPLIER),
        Shot(name="supplier-incident-new", path=f"/rollouts/{live}/incidents/new/", who=SUPPLIER),
        Shot(name="supplier-views", path="/estate/views/", who=SUPPLIER),
        Shot(name="supplier-files", path="/estate/files/", who=SUPPLIER),
        Shot(name="supplier-people", path="/organisation/people/", who=SUPPLIER),
        Shot(name="supplier-clients", path="/organisation/clients/new/", who=SUPPLIER),
        Shot(name="supplier-webhooks", path="/notifications/webhooks/new/", who=SUPPLIER),
        Shot(name="requirements", path="/requirements/", who=SUPPLIER, height=1400),
        Shot(name="business-rules", path="/requirements/rules/", who=OPERATOR),
        Shot(name="supplier-inbox", path="/notifications/", who=SUPPLIER, height=1000),
        Shot(name="supplier-mail", path="/notifications/preferences/", who=SUPPLIER),
        Shot(name="operator-dashboard", path="/", who=OPERATOR, shown=(WIDE,)),
        Shot(name="operator-update", path=f"/rollouts/{suspended}/", who=OPERATOR),
        Shot(name="operator-publish", path="/rollouts/new/", who=OPERATOR),
        Shot(name="operator-preview", path=f"/rollouts/{ids['draft']}/preview/", who=OPERATOR, shown=(WIDE,)),
        Shot(name="operator-suspend", path=f"/rollouts/{live}/steps/suspend/", who=OPERATOR, shown=(WIDE,)),
        Shot(name="operator-channels", path="/channels/", who=OPERATOR),
        Shot(name="operator-catalogue", path="/catalogue/", who=OPERATOR),
        Shot(name="operator-imports", path="/imports/", who=OPERATOR),
        Shot(name="operator-channel-hours", path="/channels/2/", who=OPERATOR, height=1400),
        Shot(name="operator-rollout-hours", path=f"/rollouts/{live}/pace/", who=OPERATOR, height=1600),
        Shot(name="supplier-own-hours", path="/activation-hours/", who=SUPPLIER, height=1000),
        Shot(name="operator-incidents", path="/incidents/", who=OPERATOR),
        Shot(name="operator-triage", path="/triage/", who=OPERATOR),
        Shot(name="operator-triage-of", path=f"/rollouts/{live}/triage/", who=OPERATOR),
        Shot(name="operator-incident", path=f"/incidents/{incident}/", who=OPERATOR),
        Shot(name="operator-halt-rules", path=f"/rollouts/{live}/halt-rules/", who=OPERATOR),
        Shot(name="operator-phases", path=f"/rollouts/{live}/phases/", who=OPERATOR),
        Shot(name="operator-decisions", path="/decisions/", who=OPERATOR),
        Shot(name="operator-schedule", path="/schedule/", who=OPERATOR, height=1400),
        Shot(name="operator-unmatched", path="/unmatched-alerts/", who=OPERATOR, height=1000),
        Shot(name="operator-pilot", path=f"/rollouts/{ids['piloted']}/pilot/", who=OPERATOR, height=1400),
        Shot(name="operator-estate", path="/estate/", who=OPERATOR, height=1000),
        Shot(name="operator-audit", path="/audit/", who=OPERATOR, height=1000),
        Shot(name="csp-dashboard", path="/", who=PLANNER),
        Shot(name="csp-channels", path="/channels/", who=PLANNER),
        Shot(name="csp-schedule", path="/schedule/", who=PLANNER, height=1400),
        Shot(name="panel-dashboard", path="/", who=MEMBER),
        Shot(name="panel-decision", path=f"/rollouts/{suspended}/decision/", who=MEMBER),
        *tutorial(ids["draft"]),
        Shot(name="supplier-check", path=f"/rollouts/{notified}/instruct/", who=SUPPLIER, act=instruct),
        Shot(
            name="supplier-receipt",
            path=f"/rollouts/{notified}/instruct/",
            who=SUPPLIER,
            act=submit,
            shown=(WIDE,),
        ),
    ]


def tutorial(draft: int) -> list[Shot]:
    """List the pages of docs/tutorial/first-rollout.md, in its order: what one does the next shows."""
    update = f"/rollouts/{draft}/"
    return [
        Shot(name="tutorial-published", path=f"{update}preview/", who=OPERATOR, act=publish),
        Shot(
            name="tutorial-pilot",
            path=f"{update}pilot/",
            who=SUPPLIER,
            act=preview_pilot,
            shown=(WIDE,),
            from_text="Sample of how many hubs",
        ),
        Shot(name="tutorial-nominated", path=f"{update}pilot/", who=SUPPLIER, act=nominate),
        Shot(
            name="tutorial-nominations",
            path=f"{update}pilot/",
            who=OPERATOR,
            act=tick,
            shown=(WIDE,),
            height=720,
        ),
        Shot(name="tutorial-started", path=f"{update}pilot/", who=OPERATOR, act=start_pilot),
        Shot(name="tutorial-activated", path=update, who=SUPPLIER, shown=(WIDE,), height=900),
    ]


def main() -> int:
    """Make the pictures; the exit code is 0 when every page answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--hubs", type=int, default=HUBS)
    parser.add_argument("--only", default="", help="only pictures whose name contains this")
    options = parser.parse_args()
    var = Path(os.environ.get("PORTAL_VAR", ROOT / "var"))
    os.environ.update(DEMO="1", DEMO_PASSWORD=PASSWORD)
    os.environ.setdefault(
        "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
    )  # the browser's driver runs a loop in this thread
    try:
        clear(var / "screenshots")
        with stores(var / "screenshots", hubs=options.hubs, say=say, quick=True) as stage:
            ids = furnish(stage)
            with serving(stage):
                failed = take(stage, shots(ids), var / "pictures", only=options.only)
    except CannotStart as problem:
        say(str(problem))
        return 1
    for line in failed:
        say(line)
    return 1 if failed else 0


def furnish(stage: Stage) -> dict[str, int]:
    """Seed the demonstration at a moment that stands still; return the rollouts by their part in it."""
    from django.core.management import call_command

    from portal.kernel import clock
    from rollouts.models import Incident, Rollout

    call_command("migrate", interactive=False, verbosity=0)
    clock.set_clock(business_at=MOMENT, rate=0)
    call_command("seed_demo", hubs=stage.hubs, seed=1)
    ids = {part: Rollout.objects.get(name=name).pk for part, name in NAMES.items()}
    ids["incident"] = Incident.objects.get(status="INVESTIGATING").pk
    let_it_move([NAMES["live"], NAMES["piloted"]], now=MOMENT - timedelta(minutes=40))
    return ids


def let_it_move(names: list[str], *, now: datetime) -> None:
    """Let happen what is due in some rollouts, as workers and simulator would have."""
    from demo.seed.past import Faults, Past, let_happen
    from portal.events import sequencer
    from rollouts import services
    from rollouts.models import CspChannel, Rollout

    CspChannel.objects.update(capacity_per_second=1e6)
    for name in names:
        faults = Faults(unreachable=12, failing=9, mute=4) if name == NAMES["live"] else Faults(0, 0, 0)
        let_happen(Rollout.objects.get(name=name), Past(faults), now=now)
    CspChannel.objects.update(capacity_per_second=40, last_success_at=MOMENT - timedelta(seconds=20))
    services.note_activations(MOMENT)
    sequencer.sequence_all(seconds=60)


@contextlib.contextmanager
def serving(stage: Stage) -> Iterator[None]:
    """Have the pages and their stream served."""
    port = free_port()
    stage.variables.update(
        DEMO="1",
        DEMO_PASSWORD=PASSWORD,
        PORTAL_URL=stage.url,
        STREAM_ORIGIN=f"http://127.0.0.1:{port}",
        STREAM_PAGES=stage.url,
    )
    words = ("portal.asgi:application", f"--port={port}", "--lifespan=on", "--log-level=warning")
    stream = Program("stream", python("-m", "uvicorn", *words), stage.variables)
    with stage.running(stage.web(), stream) as supervisor:
        stage.wait_for_web(supervisor)
        yield


def take(stage: Stage, wanted: list[Shot], folder: Path, *, only: str) -> list[str]:
    """Take every picture; return what went wrong."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    SHOWN.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    path = find_chromium()
    if path is None:
        raise CannotStart("No Chromium on this machine: install one, or name it in PORTAL_CHROMIUM.")
    with sync_playwright() as driver:
        # A browser takes the order of day and month from its own language, not from the page's.
        british = {**os.environ, "LANGUAGE": "en_GB", "LANG": "en_GB.UTF-8"}
        browser = driver.chromium.launch(executable_path=path, args=[*FLAGS, "--lang=en-GB"], env=british)
        shrinker = browser.new_page()
        for shot in wanted:
            for width in (WIDE, NARROW):
                if only not in shot.name or (width == NARROW and shot.act is not None):
                    continue
                file = folder / f"{shot.name}-{width}.png"
                if problem := photograph(browser, stage.url, shot, width, file):
                    failed.append(problem)
                    continue
                palettes.shrink(shrinker, file)
                say(f"{file.name}: {file.stat().st_size / 1000:,.0f} kB")
                if width in shot.shown:
                    shutil.copy(file, SHOWN / file.name)
        browser.close()
    return failed


def photograph(browser: Any, url: str, shot: Shot, width: int, file: Path) -> str:
    """Take one picture, in a context of its own; return what went wrong, if anything."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale="en-GB",
        timezone_id="Europe/London",
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        if shot.who:
            log_in(page, url, shot.who)
        answer = page.goto(f"{url}{shot.path}")
        if answer.status != 200:
            return f"{shot.name}: {shot.path} answered {answer.status}"
        if shot.act:
            shot.act(page)
        page.wait_for_timeout(900)
        page.evaluate("document.activeElement && document.activeElement.blur()")
        tall = page.evaluate("document.documentElement.scrollHeight")
        height = min(shot.height or tall, tall, TALLEST if width == WIDE else 2 * TALLEST)
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("window.scrollTo(0, 0)")
        top = page.get_by_text(shot.from_text).first.bounding_box()["y"] - 40 if shot.from_text else 0
        clip = {"x": 0, "y": top, "width": width, "height": height - top}
        page.screenshot(path=str(file), clip=clip)
    finally:
        context.close()
    return ""


def log_in(page: Any, url: str, who: str) -> None:
    """Log in by the form."""
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("E-mail").fill(who)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{url}/")


def say(line: str) -> None:
    """Return how far it is."""
    print(line, flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    sys.exit(main())
