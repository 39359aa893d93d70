"""The pages about events and webhooks say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from notifications.webhooks import retries
from portal.events.kinds import EntryKind

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def test_every_kind_is_explained_once_and_no_other():
    explained = re.findall(r"^### (\S+)$", (REFERENCE / "events.md").read_text(), re.MULTILINE)

    assert sorted(explained) == sorted(kind.public_name for kind in EntryKind)


def test_every_kind_has_a_sender_and_no_other_is_explained():
    """What nothing sends is not promised: the table of kinds is that of the senders."""
    sources = [
        path
        for area in ("rollouts/services", "rollouts/sql", "notifications/webhooks")
        for path in _sources(area)
    ]
    sent = {name for path in sources for name in re.findall(r"EntryKind\.([A-Z_]+)", path.read_text())}

    assert sent == {kind.name for kind in EntryKind}


def _sources(area):
    return [path for path in (ROOT / area).rglob("*") if path.suffix in {".py", ".sql"}]


def test_every_explanation_has_words():
    parts = re.split(r"^### .+$", (REFERENCE / "events.md").read_text(), flags=re.MULTILINE)[1:]

    assert all(part.strip() for part in parts)


def test_the_figures_are_those_of_the_settings():
    events, webhooks = ((REFERENCE / name).read_text() for name in ("events.md", "webhooks.md"))

    assert f"Kept for {settings.FEED_KEPT_MONTHS} months" in events
    assert f"none within {settings.WEBHOOK_SECONDS:g} s" in webhooks
    assert f"listed with its answer for {settings.WEBHOOK_LOG_DAYS} days" in webhooks
    assert f"for {settings.WEBHOOK_SECRET_OVERLAP_HOURS} hours" in webhooks
    assert settings.WEBHOOK_GIVES_UP_AFTER_DAYS == 5
    assert retries.LONGEST.total_seconds() == 6 * 3600
