"""Cookies, cursors, trees and parameters that nobody's browser sends: refused, and never a fault of the server."""

from __future__ import annotations

import orjson
import pytest
from django.conf import settings
from django.test import Client

from tests.api.systems import System

pytestmark = [pytest.mark.django_db]


@pytest.mark.parametrize("key", ["\x00", "a\x00" * 16, "x" * 4_000, "'; --", "é" * 32])
def test_a_session_cookie_that_could_be_none_is_a_strangers(key):
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = "placeholder"
    client.cookies[settings.SESSION_COOKIE_NAME].set(settings.SESSION_COOKIE_NAME, key, key)

    assert client.get("/").status_code == 302


@pytest.mark.parametrize("address", ["/notifications/?before=xx", "/notifications/?before=%00"])
def test_a_damaged_cursor_leads_nowhere(seat, address):
    client = seat("supplier")
    client.raise_request_exception = False

    assert client.get(address).status_code == 404


@pytest.mark.parametrize("depth", [65, 900, 1_020, 100_000])
@pytest.mark.parametrize("shape", ["object", "list"])
def test_a_tree_that_nests_without_end_is_refused(world, depth, shape):
    opening, closing = (b'{"not":', b"}") if shape == "object" else (b"[", b"]")
    tree = opening * depth + b"1" + closing * depth
    system = System(world.supplier)
    system.client.raise_request_exception = False

    answer = system.post("/selection-rules", b'{"name": "Deep", "tree": ' + tree + b"}")

    assert answer.status_code in {400, 413}, answer.content


def test_a_tree_as_deep_as_criteria_may_be_is_read(world):
    tree = {"field": "region", "op": "in", "value": ["CENTRAL"]}
    for _ in range(3):
        tree = {"all": [tree]}

    answer = System(world.supplier).post("/selection-rules", orjson.dumps({"name": "Flat", "tree": tree}))

    assert answer.status_code == 201, answer.content
