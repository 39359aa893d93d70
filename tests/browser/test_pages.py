"""Every page of every actor in a real browser: accessible, within the window, under the strict policy.

`PORTAL_SCREENSHOTS` names a folder into which each page is photographed on the way.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.browser.scenes import make_scene

pytestmark = [pytest.mark.django_db(transaction=True)]

WIDTHS = [1280, 390]


def photograph(page, name: str, width: int) -> None:
    if folder := os.environ.get("PORTAL_SCREENSHOTS"):
        page.wait_for_load_state("networkidle")
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)


def pages_of(scene, actor: str) -> dict[str, str]:
    s = scene
    everybody = {
        "dashboard": "/",
        "updates": "/rollouts/",
        "moving": f"/rollouts/{s.moving.pk}/",
        "requirements": "/requirements/",
        "business-rules": "/requirements/rules/",
    }
    hub = "00-DB-12-34-00-00-00-00"
    decision = f"/rollouts/{s.suspended.pk}/decision/"
    match actor:
        case "supplier":
            return {
                **everybody,
                "notified": f"/rollouts/{s.notified.pk}/",
                "hubs": f"/rollouts/{s.moving.pk}/hubs/",
                "instruct": f"/rollouts/{s.notified.pk}/instruct/",
                "pilot": f"/rollouts/{s.notified.pk}/pilot/",
                "receipt": f"/instructions/{s.reference}/",
                "instructions": "/instructions/",
                "own-hours": "/activation-hours/",
                "batches": f"/rollouts/{s.notified.pk}/batches/?counted=yes",
                "release-notes": f"/rollouts/{s.moving.pk}/release-notes/",
                "estate": "/estate/",
                "estate-filtered": "/estate/?region=1&split=yes",
                "estate-views": "/estate/views/",
                "estate-files": "/estate/files/",
                "hub": f"/hubs/{hub}/",
                "hub-commands": f"/hubs/{hub}/commands/",
            }
        case "operator":
            return {
                **everybody,
                "suspended": f"/rollouts/{s.suspended.pk}/",
                "unlisted": f"/imports/{s.unlisted}/",
                "decision": decision,
                "suspend": f"/rollouts/{s.moving.pk}/steps/suspend/",
                "end-pilot": f"/rollouts/{s.pilot.pk}/steps/end_pilot/",
                "publish": "/rollouts/new/",
                "revise": f"/rollouts/{s.draft.pk}/draft/",
                "preview": f"/rollouts/{s.draft.pk}/preview/",
                "pilot": f"/rollouts/{s.pilot.pk}/pilot/",
                "nominations": f"/rollouts/{s.notified.pk}/pilot/",
                "release-notes": f"/rollouts/{s.draft.pk}/release-notes/",
                "rules-propose": "/requirements/rules/propose/",
                "channels": "/channels/",
                "channel": "/channels/2/",
                "hours": f"/rollouts/{s.moving.pk}/pace/",
                "schedule": "/schedule/",
                "unmatched": "/unmatched-alerts/",
                "estate": "/estate/",
                "hub": f"/hubs/{hub}/",
                "hub-commands": f"/hubs/{hub}/commands/",
            }
        case "panel":
            return {
                **everybody,
                "help": "/help/",
                "terms": "/help/terms/",
                "guide": "/help/guides/panel/",
                "suspended": f"/rollouts/{s.suspended.pk}/",
                "decision": decision,
            }
        case _:
            return {**everybody, "channels": "/channels/", "schedule": "/schedule/"}


@pytest.mark.parametrize("actor", ["supplier", "operator", "csp", "panel"])
def test_every_page_is_accessible_and_fits(live_server, open_page, log_in, axe, fits, actor):
    scene = make_scene(now=datetime.now(UTC))
    user = getattr(scene.world, f"{actor}_user")
    wrong = []
    for width in WIDTHS:
        page = open_page(width=width)
        log_in(page, user)
        for name, path in pages_of(scene, actor).items():
            answer = page.goto(f"{live_server.url}{path}")
            photograph(page, f"{actor}-{name}", width)
            if answer.status != 200:
                wrong.append(f"{path}: {answer.status}")
                continue
            for judge in (fits, axe):
                try:
                    judge(page)
                except AssertionError as problem:
                    wrong.append(f"{name} {width}: {problem}")

    assert not wrong, "\n\n".join(wrong)
