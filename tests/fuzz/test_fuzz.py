"""Whatever is thrown at pages, REST, CSPs' endpoint and stream: no fault of the server, and nothing half done."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.identity.tokens import issue_token
from portal.kernel.references import reference_of
from tests.api.conftest import Stage
from tests.fuzz import throwing
from tests.fuzz.throwing import PAGES, REST, addresses, bodies, check, files, methods, odd, patience, standing
from tests.integration.streaming import FEED, bearer, session_of, streaming

pytestmark = [pytest.mark.django_db]

_NAME = re.compile(r'<(?:input|select|textarea)[^>]* name="([^"]+)"')
_FORM = "application/x-www-form-urlencoded"
_TAKES_FILES = (
    "/imports/files",
    "/labels/watched/hubs",
    "/rollouts/{rollout_id}/instructions",
    "/rollouts/{rollout_id}/pilot/submissions",
)
_KINDS = (
    "text/csv",
    "application/x-ndjson",
    "application/octet-stream",
    "application/json",
    "text/plain",
    "",
)


def existing_things(stage: Stage) -> dict[str, object]:
    """Things that exist, by the names parameters have."""
    return {
        **stage.things,
        "guid": stage.guid(0),
        "reference": stage.things["instruction"],
        "rule_id": stage.things["selection_rule_id"],
        "issue_id": stage.things["known_issue_id"],
        "person_id": reference_of(stage.world.supplier_user.pk, "person"),
        "cpl_entry_id": stage.world.target.pk,
        "form": "csv",
        "label": "watched",
        "verb": "suspend",
    }


class Seats:
    """Browsers of people of each kind, logged in again when a request has logged them out."""

    def __init__(self, stage: Stage) -> None:
        world = stage.world
        self.users: list[Any] = [
            world.supplier_user,
            world.operator_user,
            world.csp_user,
            world.panel_user,
            None,
        ]

    def browser(self, number: int) -> Client:
        client = Client(raise_request_exception=False)
        user = self.users[number % len(self.users)]
        if user is not None:
            user.refresh_from_db()
            client.force_login(user)
        return client


def test_pages(stage: Stage) -> None:
    seats = Seats(stage)

    @patience("pages")
    @given(
        st.integers(0, 4),
        addresses(PAGES, existing_things(stage)),
        methods,
        st.dictionaries(odd, odd, max_size=3),
    )
    def throw(number: int, address: str, method: str, data: dict[str, str]) -> None:
        browser, before = seats.browser(number), standing()
        check(
            "pages", (number, method, address), browser.generic(method, address, _form(data), _FORM), before
        )

    throw()


def _form(data: dict[str, str]) -> bytes:
    return urlencode({name: text.encode("utf-8", "replace") for name, text in data.items()}).encode()


def test_forms(stage: Stage) -> None:
    """Fields that a page has, filled with what nobody should type."""
    seats = Seats(stage)

    @patience("forms")
    @given(st.integers(0, 3), addresses(PAGES, existing_things(stage)), st.data())
    def throw(number: int, address: str, data: st.DataObject) -> None:
        browser = seats.browser(number)
        path = address.partition("?")[0]
        page = browser.get(path)
        if page.status_code != 200 or page.streaming:
            throwing.THROWN["pages"] += 1
            return
        names = sorted(set(_NAME.findall(page.content.decode(errors="replace"))))
        values = {name: data.draw(odd) for name in names if data.draw(st.booleans())}
        before = standing()
        check("forms", (number, path, values), browser.post(path, _form(values), content_type=_FORM), before)

    throw()


def test_rest(stage: Stage) -> None:
    systems = [stage.supplier, stage.dcc, stage.csp]

    @patience("rest")
    @given(st.integers(0, 2), addresses(REST, existing_things(stage)), methods, bodies())
    def throw(number: int, address: str, method: str, body: bytes) -> None:
        client, before = systems[number].client, standing()
        client.raise_request_exception = False
        answer = client.generic(method, address, body if method != "GET" else b"", "application/json")
        check("rest", (method, address, body), answer, before)

    throw()


def test_files(stage: Stage) -> None:
    things = existing_things(stage)

    @patience("files")
    @given(st.sampled_from(_TAKES_FILES), st.sampled_from(_KINDS), files)
    def throw(path: str, kind: str, data: bytes) -> None:
        client = (stage.dcc if "imports" in path else stage.supplier).client
        client.raise_request_exception = False
        before, address = standing(), "/api/v1" + path.format(**things)
        check("files", (path, kind, data[:200]), client.generic("POST", address, data, kind), before)

    throw()


def test_csp(stage: Stage) -> None:
    token = issue_token(stage.world.csp, name="fuzz", now=timezone.now())
    alert = (
        f'{{"alert_id":"6f9619ff-8b86-d011-b42d-00c04fc964ff","occurred_at":"{timezone.now().isoformat()}",'
        f'"guid":"{stage.guid(0)}","code":"8F66","command_id":1,"reason":"","version":"0C230000"}}\n'
    ).encode()

    @patience("csp")
    @given(st.one_of(throwing.damaged(alert), throwing.damaged(alert * 3), bodies()), st.booleans())
    def throw(body: bytes, is_known: bool) -> None:
        client, before = Client(raise_request_exception=False), standing()
        shown = {"Authorization": f"Bearer {token if is_known else 'x'}"}
        answer = client.generic("POST", "/csp/v1/alerts", body, "application/x-ndjson", headers=shown)
        check("csp", body, answer, before)

    throw()


@pytest.mark.django_db(transaction=True)
def test_stream(world: Any, no_subscribers: None) -> None:
    token, cookie = bearer(world.supplier_user), session_of(world.supplier_user)

    with streaming() as url, httpx.Client(base_url=url, trust_env=False, timeout=10) as client:

        @patience("stream")
        @given(
            st.sampled_from([FEED, "/stream", "/x"]),
            st.lists(st.tuples(odd, odd), max_size=4),
            odd,
            st.integers(0, 2),
        )
        def throw(path: str, query: list[tuple[str, str]], last: str, who: int) -> None:
            named = {"Last-Event-ID": last.encode("utf-8", "replace").hex()[:60]}
            named |= ({}, {"Authorization": token}, {"Cookie": cookie})[who]
            pieces = [
                (name.encode("utf-8", "replace"), text.encode("utf-8", "replace")) for name, text in query
            ]
            with client.stream("GET", path, params=pieces, headers=named) as answer:
                throwing.THROWN["stream"] += 1
                assert answer.status_code < 500, (path, query, last)

        throw()
