"""What a browser without scripts would send: a form as it stands, and times and drafts as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from tests.factories import World

LONDON = ZoneInfo("Europe/London")


class _Fields(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.is_inside = False
        self.found: dict[str, list[str]] = {}
        self.select = ""
        self.options: list[tuple[str, bool]] = []
        self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.is_inside = not self.found and self.form_id in {
                given.get("id"),
                "." + (given.get("class") or ""),
            }
        elif self.is_inside and tag == "input":
            self._input(given)
        elif self.is_inside and tag == "select":
            self.select, self.options = given.get("name") or "", []
        elif self.is_inside and tag == "textarea":
            self.area = given.get("name") or ""
            self.found[self.area] = [""]
        elif self.is_inside and tag == "option" and self.select:
            self.options.append((given.get("value") or "", "selected" in given))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.found[self.area][0] += data.removeprefix("\n").removeprefix("\r\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        if tag == "textarea":
            self.area = ""
        if tag == "select" and self.select:
            chosen = [value for value, is_chosen in self.options if is_chosen] or [self.options[0][0]]
            self.found.setdefault(self.select, []).extend(chosen)
            self.select = ""

    def _input(self, given: dict[str, str | None]) -> None:
        if given.get("type") in {"checkbox", "radio"} and "checked" not in given:
            return
        self.found.setdefault(given["name"] or "", []).append(
            given.get("value", "on" if given.get("type") == "checkbox" else "") or ""
        )


def fields_in(answer: Any, form_id: str = "workbench") -> dict[str, Any]:
    """Read the fields of a form, by its id or `.classes`; several values of one name are a list."""
    parser = _Fields(form_id)
    parser.feed(answer.content.decode())
    assert parser.found, f"no form #{form_id}"
    return {name: values[0] if len(values) == 1 else values for name, values in parser.found.items()}


def as_typed(moment: datetime) -> str:
    """Write a time as a form wants it: in London, to the minute."""
    return moment.astimezone(LONDON).strftime("%d/%m/%Y %H:%M")


def draft_of(world: World, today: datetime, **changes: object) -> dict[str, object]:
    """The form of a draft, 120 days ahead, unless told otherwise."""
    return {
        "name": "Toshiba winter release",
        "cpl_entry_id": world.target.pk,
        "kind": "SEC_RELEASE",
        "severity": "MAJOR",
        "priority": "P2",
        "automatic_at": as_typed(today + timedelta(days=120)),
        "release_note_url": "https://notes.example/1",
        "consent_policy": "VOLUNTARY",
        "has_pilot": "on",
        "pilot_cap": "300",
        **changes,
    }
