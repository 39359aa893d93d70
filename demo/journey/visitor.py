"""A person of a Supplier at the portal's pages: logs in, uploads a list, reads the receipt; all over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import httpx

_LONDON: Final = ZoneInfo("Europe/London")
_SECONDS: Final = 120.0
_WORDS_OF_AN_ERROR: Final = 2
_REFERENCE: Final = re.compile(r"/instructions/([^/]+)/")


class TurnedAway(Exception):
    """A page did not do what was asked; the message is what it said."""


@dataclass(slots=True)
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def named(self, *kinds: str) -> str:
        """Return the name of the first field of one of these kinds."""
        return next(name for name, kind in self.kinds.items() if kind in kinds)


class _Page(HTMLParser):
    """The forms of a page, and what it says is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.words: list[str] = []
        self._is_error = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms and their fields."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(attributes.get("action", "")))
        elif tag in {"input", "button"} and self.forms and attributes.get("name"):
            form, name, kind = self.forms[-1], attributes["name"], attributes.get("type", "text")
            if kind in {"hidden", "submit"} or tag == "button":
                form.fields[name] = attributes.get("value", "")
            form.kinds.setdefault(name, kind)
        elif "error" in attributes.get("class", ""):
            self._is_error = _WORDS_OF_AN_ERROR

    def handle_data(self, data: str) -> None:
        """Collect the words that follow an error."""
        if self._is_error and data.strip():
            self.words.append(data.strip())
            self._is_error -= 1


class Visitor:
    """One person with a browser's cookies."""

    def __init__(self, base_url: str, *, email: str, password: str) -> None:
        self._client = httpx.Client(
            base_url=base_url, timeout=_SECONDS, follow_redirects=True, trust_env=False
        )
        self._log_in(email, password)

    def instruct(
        self,
        rollout_id: int,
        *,
        kind: str,
        file: bytes,
        file_name: str,
        activate_at: datetime | None = None,
        name: str = "",
    ) -> str:
        """Upload a list, look at the dry run, submit it; return the reference of the receipt.

        Raises:
            TurnedAway: the page refuses, with its words.
        """
        path = f"/rollouts/{rollout_id}/instruct/"
        fields = {
            "kind": kind,
            "source": "file",
            "name": name,
            "timing": "at" if activate_at else "any",
            "activate_at": f"{activate_at.astimezone(_LONDON):%Y-%m-%dT%H:%M}" if activate_at else "",
        }
        form = self._form_at(path)
        checked = self._client.post(
            path,
            data={"csrfmiddlewaretoken": form.fields["csrfmiddlewaretoken"], **fields},
            files={"file": (file_name, file)},
        )
        submit = next((each for each in _Page(checked.text).forms if "token" in each.fields), None)
        if submit is None:
            raise _turned_away(checked)
        ticked = {name: "on" for name, kind in submit.kinds.items() if kind == "checkbox"}
        taken = self._client.post(f"{path}submit/", data={**submit.fields, **ticked})
        match = _REFERENCE.search(str(taken.url))
        if not taken.is_success or match is None:
            raise _turned_away(taken)
        return match.group(1)

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self._client.get(path)

    def _log_in(self, email: str, password: str) -> None:
        page = self._client.get("/accounts/login/")
        form = next(each for each in _Page(page.text).forms if "password" in each.kinds.values())
        credentials: Mapping[str, str] = {
            **form.fields,
            form.named("email", "text"): email,
            form.named("password"): password,
        }
        answer = self._client.post(urljoin(str(page.url), form.action), data=dict(credentials))
        if "password" in answer.text and "/login" in str(answer.url):
            raise _turned_away(answer)

    def _form_at(self, path: str) -> _Form:
        answer = self._client.get(path)
        form = next(
            (
                each
                for each in _Page(answer.text).forms
                if "csrfmiddlewaretoken" in each.fields and "file" in each.kinds
            ),
            None,
        )
        if form is None:
            raise _turned_away(answer)
        return form


def _turned_away(answer: httpx.Response) -> TurnedAway:
    words = " ".join(dict.fromkeys(_Page(answer.text).words))[:300]
    return TurnedAway(f"{answer.request.method} {answer.url.path} answered {answer.status_code}: {words}")
