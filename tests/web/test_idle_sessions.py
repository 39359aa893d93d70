"""A session that nobody uses ends, and what renews itself is no use."""

from __future__ import annotations

import time

import pytest
from django.conf import settings as django_settings

pytestmark = pytest.mark.django_db

LIVE_PART = {"HX-Request": "true", "HX-Trigger": "rollouts", "HX-Target": "rollouts"}
FILTER = {"HX-Request": "true", "HX-Trigger": "filter", "HX-Target": "rollouts"}


@pytest.fixture
def after(monkeypatch):
    """Let so many seconds pass."""
    began = time.time()
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: began + seconds)


def test_a_session_ends_after_an_hour_without_an_act(world, seat, after):
    client = seat("supplier")
    after(django_settings.SESSION_IDLE_SECONDS + 5)

    answer = client.get("/rollouts/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert client.get("/").status_code == 302


def test_an_act_prolongs_it(world, seat, after):
    client = seat("supplier")
    for minutes in (40, 80, 120):
        after(minutes * 60)
        assert client.get("/rollouts/").status_code == 200


def test_choosing_a_filter_is_an_act_and_a_part_that_renews_itself_is_none(world, seat, after):
    busy, away = seat("supplier"), seat("operator")
    for minutes in (40, 80):
        after(minutes * 60)
        answers = busy.get("/rollouts/", headers=FILTER), away.get("/rollouts/", headers=LIVE_PART)

    assert [answer.status_code for answer in answers] == [200, 401]


def test_what_was_typed_into_an_idle_page_is_kept(world, seat, after):
    client = seat("supplier")
    client.get("/notifications/preferences/")  # the browser is known from now on
    after(django_settings.SESSION_IDLE_SECONDS + 5)

    answer = client.post("/notifications/preferences/", {"per_day": "on"}, follow=True)

    assert "What you typed is kept" in answer.content.decode()


def test_within_a_minute_nothing_is_written(world, seat, after, statements):
    client = seat("supplier")
    client.get("/rollouts/")
    few = statements(client, "/rollouts/")
    after(30)

    assert statements(client, "/rollouts/") == few
