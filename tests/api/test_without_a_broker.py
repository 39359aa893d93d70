"""The broker rings and counts; where it cannot be reached, systems are served all the same, only less is counted."""

from __future__ import annotations

import time

import pytest
import time_machine
from django.core.cache import cache

from portal.embedded.ports import free_port
from portal.kernel import caching
from tests.api.systems import beginning_of_this_minute, body_of
from tests.integration.clients import client_for, token_for

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def nobody(settings):
    """Have the cache, which is the broker in production, at an address where nobody answers."""
    where = f"redis://127.0.0.1:{free_port()}/0"
    settings.REDIS_URL = where
    settings.CACHES = {"default": {"BACKEND": "portal.kernel.caching.ForgetfulRedisCache", "LOCATION": where}}


def test_calls_are_answered(stage, nobody):
    answers = [stage.supplier.get(path) for path in ("/rollouts", "/estate", "/events", "/dashboard")]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert "RateLimit-Remaining" in answers[0]


def test_instructions_are_taken(stage, nobody):
    answer = stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]}, Idempotency_Key="a"
    )

    assert (answer.status_code, body_of(answer)["accepted"]) == (201, 1)


def test_it_is_asked_again_after_a_while_and_then_counts(stage, settings, valkey_url, monkeypatch):
    monkeypatch.setattr(caching, "AWAY_SECONDS", 2)
    where = {"BACKEND": "portal.kernel.caching.ForgetfulRedisCache", "LOCATION": valkey_url}
    settings.CACHES = {"default": where}
    ask = caching.ForgetfulRedisCache._answer_or
    with time_machine.travel(beginning_of_this_minute()):  # all within one minute
        with monkeypatch.context() as away:
            away.setattr(
                caching.ForgetfulRedisCache,
                "_answer_or",
                lambda self, call, otherwise: ask(
                    self, lambda: (_ for _ in ()).throw(ConnectionError()), otherwise
                ),
            )
            assert stage.supplier.get("/rollouts").status_code == 200
        forgotten = stage.supplier.get("/rollouts")["RateLimit-Remaining"]
        time.sleep(2.1)
        counted = [int(stage.supplier.get("/rollouts")["RateLimit-Remaining"]) for _ in range(2)]

    assert int(forgotten) == settings.API_REQUESTS_A_MINUTE - 1
    assert counted == [settings.API_REQUESTS_A_MINUTE - 1, settings.API_REQUESTS_A_MINUTE - 2]


def test_nobody_asks_again_and_again_where_nobody_answers(nobody):
    began = time.monotonic()

    for number in range(200):
        cache.set(f"key-{number}", number)
        assert cache.get(f"key-{number}", "nothing") == "nothing"
        assert cache.add("key", 1)
        assert cache.get_many(["a"]) == {}
        assert not cache.touch("a")
        assert not cache.delete("a")
        assert "a" not in cache
        assert cache.incr("a") == 1
        assert cache.set_many({"a": 1}) == []
        cache.delete_many(["a"])
        cache.clear()

    assert time.monotonic() - began < 3


def test_the_balancer_leaves_the_server_where_it_is(client, nobody):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["cache"]) == (200, "forgets")


def test_tokens_are_given(stage, nobody):
    made = client_for(stage.world.supplier_user)

    assert token_for(made)
